/** Scores of a batch on the device at once, over all lists: 1 GiB of keys. */
const MAX_SLOTS = 2 ** 28;

/** Lists that are searched at once where each looks at so many positions. */
export const mostLists = (positions: number): number => Math.floor(MAX_SLOTS / positions);
