/** Both sides of something that was measured again and again, on whatever scale. */
export interface Along {
  readonly x: number;
  readonly y: number;
}

export interface SharedSlope {
  /** How far y goes where x goes by one. */
  readonly slope: number;
  /** How closely they go together within their groups, -1..1. */
  readonly correlation: number;
}

/**
 * The slope that groups of points have in common, wherever each group lies: by Deming's regression
 * with equal errors ("Statistical Adjustment of Data", 1943), since x is as noisy as y is, and least
 * squares would take noise of x for a flatter slope.
 * @returns null where x or y does not change.
 */
export function sharedSlope(groups: readonly (readonly Along[])[]): SharedSlope | null {
  let [xx, yy, xy] = [0, 0, 0];
  for (const group of groups) {
    const middle = {
      x: group.reduce((sum, { x }) => sum + x, 0) / group.length,
      y: group.reduce((sum, { y }) => sum + y, 0) / group.length,
    };
    for (const { x, y } of group) {
      xx += (x - middle.x) ** 2;
      yy += (y - middle.y) ** 2;
      xy += (x - middle.x) * (y - middle.y);
    }
  }
  if (xx === 0 || yy === 0) return null;
  const slope = xy === 0 ? 0 : (yy - xx + Math.hypot(yy - xx, 2 * xy)) / (2 * xy);
  return { slope, correlation: xy / Math.sqrt(xx * yy) };
}
