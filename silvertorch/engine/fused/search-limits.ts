import { HarnessError } from "../../../src/errors.ts";

/** Scores of a batch on the device at once, over all lists: 1 GiB of keys. */
const MAX_SLOTS = 2 ** 28;
/** Those of one request: what the usual device can bind, 2 GiB. */
const MOST_SLOTS = 2 ** 29 - 1;

/** Probes of a request that there is room for, where each has so many positions with all heads. */
export const mostProbesOf = (positions: number): number =>
  Math.max(1, Math.floor(MOST_SLOTS / positions));

/**
 * Requests that are searched at once where each looks at so many positions with all its heads.
 * @throws HarnessError BAD_INPUT if one is too many.
 */
export function mostRequests(positions: number): number {
  if (positions > MOST_SLOTS) {
    throw new HarnessError(
      "BAD_INPUT",
      `a request would look at ${positions} places (heads x items of its clusters), the engine fused has room for ${MOST_SLOTS}`,
      { hint: "use fewer probes, or filters that leave more items in the probed clusters" },
    );
  }
  return Math.max(1, Math.floor(MAX_SLOTS / positions));
}
