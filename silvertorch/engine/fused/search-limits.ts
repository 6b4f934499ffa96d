import { HarnessError } from "../../../src/errors.ts";

/** Scores of a batch on the device at once, over all lists: 1 GiB of keys. */
const MAX_SLOTS = 2 ** 28;
/** Those of one request: what the usual device can bind, 2 GiB. */
const MOST_SLOTS = 2 ** 29 - 1;
/** Those of one request that looks at more because of its filter: several fit into a batch. */
const GROWN_SLOTS = 2 ** 26;

/** Probes that a filter may let a request grow to, where each has so many positions with all heads. */
export const mostProbesOf = (positions: number): number =>
  Math.max(1, Math.floor(GROWN_SLOTS / positions));

/** Requests that are searched at once: of a row of them, from the first to before the last. */
export interface Part {
  readonly first: number;
  readonly end: number;
}

/**
 * Cuts a row of requests into parts that there is room for.
 * @param positions of each request, those that it looks at with all its heads.
 * @throws HarnessError BAD_INPUT if one is too many.
 */
export function partsOf(positions: readonly number[]): Part[] {
  const all = positions.reduce((sum, own) => sum + own, 0);
  // Parts of about the same size, for they go side by side.
  const room = all / Math.ceil(all / MAX_SLOTS);
  const parts: Part[] = [];
  let first = 0;
  let held = 0;
  for (const [at, own] of positions.entries()) {
    requireRoom(own);
    if (at > first && (held + own > MAX_SLOTS || held >= room)) {
      parts.push({ first, end: at });
      first = at;
      held = 0;
    }
    held += own;
  }
  return [...parts, { first, end: positions.length }];
}

function requireRoom(positions: number): void {
  if (positions > MOST_SLOTS) {
    throw new HarnessError(
      "BAD_INPUT",
      `a request would look at ${positions} places (heads x items of its clusters), the engine fused has room for ${MOST_SLOTS}`,
      { hint: "use fewer probes, or filters that leave more items in the probed clusters" },
    );
  }
}
