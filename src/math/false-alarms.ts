import { binomialAtMost } from "./binomial-interval.ts";

/** A 95% interval leaves out the truth this often. */
const ALLOWED = 0.05;
/** Chance alone may condemn a sound tool this often. */
const DOUBT = 0.02;

/**
 * Whether so many false alarms are more than a tool whose intervals hold 95% of the time would
 * raise: the chance of as many or more is below 2%. Of 20 that is from 4 on.
 */
export function isTooManyAlarms(alarms: number, comparisons: number): boolean {
  return 1 - binomialAtMost(alarms - 1, comparisons, ALLOWED) < DOUBT;
}
