/**
 * Kendall's S: pairs of values of which the later is larger, less those of which it is smaller
 * ("Rank Correlation Methods", 1975).
 */
export function kendall(values: readonly number[]): number {
  let score = 0;
  for (const [i, later] of values.entries()) {
    for (const earlier of values.slice(0, i)) score += Math.sign(later - earlier);
  }
  return score;
}

/**
 * How many standard deviations a series is from having no trend (Mann, "Nonparametric tests against
 * trend", 1945): S over what chance gives it. 0 for fewer than two values.
 */
export function trendOf(values: readonly number[]): number {
  const n = values.length;
  return n < 2 ? 0 : kendall(values) / Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
}

/** How far the line of least squares goes from the first value to the last. */
export function riseOf(values: readonly number[]): number {
  const n = values.length;
  if (n < 2) return 0;
  const centre = (n - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const along = values.reduce((sum, value, i) => sum + (i - centre) * (value - mean), 0);
  const square = values.reduce((sum, _, i) => sum + (i - centre) ** 2, 0);
  return (along / square) * (n - 1);
}
