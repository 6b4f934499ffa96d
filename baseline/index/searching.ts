import type { Changes, Dated } from "../live/changes.ts";
import type { Candidates, Search } from "../services.ts";
import type { Walked } from "./walk.ts";

/** What an index service searches with: threads of its own, or the one that it is called in. */
export interface Searching extends AsyncDisposable {
  /**
   * Answers a batch in its order.
   * @param walks What was found elsewhere for each search, or null; absent: nothing was.
   */
  search(
    searches: readonly Search[],
    walks?: readonly (Walked | null)[],
  ): Promise<readonly Dated<Candidates>[]>;
  /** Searches what the items are after changes from then on. @returns the version it has now. */
  apply(changes: Changes): Promise<number>;
  /** How searches were answered, counted from the start. */
  counters(): ReadonlyMap<string, number>;
}
