import type { Dated } from "../live/changes.ts";
import type { Candidates, Search } from "../services.ts";
import { packHeads } from "./pack-heads.ts";

/** Heads of a part, at the least: they share the rows that are scored, and each part is handed over. */
const LEAST_HEADS = 2;

/**
 * A search in at most so many parts of some of its heads each, in their order, for as many threads.
 * @param dim Of a head's vector.
 */
export function splitHeads(search: Search, dim: number, most: number): Search[] {
  const heads = search.vectors.length / dim;
  const parts = Math.max(1, Math.min(most, Math.floor(heads / LEAST_HEADS)));
  if (parts === 1) return [search];
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * heads) / parts);
    const to = Math.floor(((part + 1) * heads) / parts);
    return { ...search, vectors: search.vectors.subarray(from * dim, to * dim) };
  });
}

/** What was found for the parts of one search, in their order. */
export function joinHeads(parts: readonly Dated<Candidates>[]): Dated<Candidates> {
  const [only] = parts;
  if (parts.length === 1) return only!;
  const { rows, values } = packHeads(parts);
  const counts = Uint32Array.from(parts.flatMap((part) => [...part.counts]));
  // Threads hear of changes in the same turn, so all parts are of one version; if not, it is the oldest's.
  return { rows, values, counts, version: Math.min(...parts.map(({ version }) => version)) };
}
