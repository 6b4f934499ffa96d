import { incompleteBeta } from "./incomplete-beta.ts";

/**
 * Distribution function of Student's t (Abramowitz & Stegun 26.7.1, by the incomplete beta).
 * @param freedom degrees of freedom, above 0.
 */
export function studentT(t: number, freedom: number): number {
  const tail = 0.5 * incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/**
 * The t below which a share of Student's distribution lies.
 * @param share strictly between 0 and 1.
 * @param freedom degrees of freedom, 1 or more.
 */
export function studentTQuantile(share: number, freedom: number): number {
  if (share === 0.5) return 0;
  if (share < 0.5) return -studentTQuantile(1 - share, freedom);
  let high = 1;
  while (studentT(high, freedom) < share) high *= 2;
  let low = 0;
  // The function is monotone: halving always ends at the last bit.
  while (high - low > 1e-14 * high) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (studentT(middle, freedom) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
