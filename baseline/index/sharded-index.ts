import type { CallContext } from "../../src/door/retriever.ts";
import { HarnessError } from "../../src/errors.ts";
import { type Ranked, TopK } from "../../src/math/top-k.ts";
import { packHeads } from "./pack-heads.ts";
import type { Dated, Follower } from "../live/changes.ts";
import type { Candidates, IndexService, Search, ServiceStats } from "../services.ts";

/** Asks every shard of the index at the same time, and keeps each head's best of all. */
export class ShardedIndex implements IndexService {
  readonly #shards: readonly IndexService[];
  readonly #partialAfterMs: number | null;

  /**
   * @param shards Which answer in the catalogue's rows, each with rows of its own.
   * @param partialAfterMs After which a shard's rows are done without; null: they never are.
   */
  constructor(shards: readonly IndexService[], partialAfterMs: number | null = null) {
    this.#shards = shards;
    this.#partialAfterMs = partialAfterMs;
  }

  get followers(): readonly Follower[] {
    return this.#shards.flatMap(({ followers }) => followers);
  }

  async search(
    searches: readonly Search[],
    context: CallContext,
  ): Promise<readonly (Dated<Candidates> | HarnessError)[]> {
    if (this.#shards.length === 1) return await this.#shards[0]!.search(searches, context);
    const found = await this.#ask(searches, context);
    const isPartial = found.length < this.#shards.length;
    return searches.map(({ k }, at) => {
      const merged = merge(
        found.map((answers) => answers[at]!),
        k,
      );
      return isPartial && !(merged instanceof HarnessError) ? { ...merged, partial: true } : merged;
    });
  }

  /** What each shard found; where that is enough, those that were there in time. */
  async #ask(
    searches: readonly Search[],
    context: CallContext,
  ): Promise<(readonly (Dated<Candidates> | HarnessError)[])[]> {
    const asked = this.#shards.map((shard) => shard.search(searches, context));
    const afterMs = this.#partialAfterMs;
    return await (afterMs === null ? Promise.all(asked) : inTime(asked, afterMs));
  }

  async stats(): Promise<readonly ServiceStats[]> {
    return (await Promise.all(this.#shards.map((shard) => shard.stats()))).flat();
  }
}

/** One search's answers of all shards; an error of one of them is an error. */
function merge(
  parts: readonly (Dated<Candidates> | HarnessError)[],
  k: number,
): Dated<Candidates> | HarnessError {
  const whole: Dated<Candidates>[] = [];
  for (const part of parts) {
    if (part instanceof HarnessError) return part;
    whole.push(part);
  }
  const starts = whole.map(() => 0);
  const heads: Ranked[] = [];
  for (let head = 0; head < whole[0]!.counts.length; head++) {
    const top = new TopK(k);
    for (const [shard, { rows, values, counts }] of whole.entries()) {
      const end = starts[shard]! + counts[head]!;
      for (let at = starts[shard]!; at < end; at++) top.push(values[at]!, rows[at]!);
      starts[shard] = end;
    }
    heads.push(top.take());
  }
  return { ...packHeads(heads), version: commonVersion(whole) };
}

/** The version that all answered from; NaN, which equals none, where they differ. */
function commonVersion(parts: readonly Dated<unknown>[]): number {
  const [first] = parts;
  return parts.every(({ version }) => version === first!.version) ? first!.version : NaN;
}

/**
 * What came of those that were asked, all or, after a time, as many as there are then, at least one.
 * @throws what the first one failed with, if all failed.
 */
function inTime<T>(asked: readonly Promise<T>[], afterMs: number): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const found: T[] = [];
    const failed: unknown[] = [];
    let isLate = false;
    const look = (): void => {
      const isOver = found.length + failed.length === asked.length;
      if (!isOver && !(isLate && found.length > 0)) return;
      clearTimeout(timer);
      if (found.length > 0) resolve([...found]);
      else reject(HarnessError.from(failed[0]));
    };
    const timer = setTimeout(() => {
      isLate = true;
      look();
    }, afterMs);
    for (const one of asked) {
      one
        .then((value) => found.push(value))
        .catch((error: unknown) => failed.push(error))
        .finally(look);
    }
  });
}
