import type { CallContext } from "../../src/door/retriever.ts";
import { HarnessError } from "../../src/errors.ts";
import type { Changes, Dated } from "../live/changes.ts";
import type { Candidates, Search } from "../services.ts";
import type { Walked } from "./walk.ts";

/** What an index service searches with: threads of its own, or the one that it is called in. */
export interface Searching extends AsyncDisposable {
  /**
   * Answers a batch in its order.
   * @param walks What was found elsewhere for each search, or null; none at all: nothing was.
   * @param context absent: its caller waits for ever.
   * @throws HarnessError DEADLINE if the caller's time is over before it is its turn.
   */
  search(
    searches: readonly Search[],
    walks?: readonly (Walked | null)[],
    context?: CallContext,
  ): Promise<readonly Dated<Candidates>[]>;
  /** Searches what the items are after changes from then on. @returns the version it has now. */
  apply(changes: Changes): Promise<number>;
  /** How searches were answered, counted from the start. */
  counters(): ReadonlyMap<string, number>;
}

/** Who waits for ever. */
export const PATIENT: CallContext = { deadlineMs: Infinity };

/** Of a search that nobody waits for any more. */
export const tooLate = (): HarnessError =>
  new HarnessError("DEADLINE", "the deadline passed before it was the search's turn");
