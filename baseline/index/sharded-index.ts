import type { CallContext } from "../../src/door/retriever.ts";
import { HarnessError } from "../../src/errors.ts";
import { type Ranked, TopK } from "../../src/math/top-k.ts";
import { packHeads } from "./pack-heads.ts";
import type { Dated, Follower } from "../live/changes.ts";
import type { Candidates, IndexService, Search, ServiceStats } from "../services.ts";

/** Asks every shard of the index at the same time, and keeps each head's best of all. */
export class ShardedIndex implements IndexService {
  readonly #shards: readonly IndexService[];

  /** @param shards Which answer in the catalogue's rows, each with rows of its own. */
  constructor(shards: readonly IndexService[]) {
    this.#shards = shards;
  }

  get followers(): readonly Follower[] {
    return this.#shards.flatMap(({ followers }) => followers);
  }

  async search(
    searches: readonly Search[],
    context: CallContext,
  ): Promise<readonly (Dated<Candidates> | HarnessError)[]> {
    const found = await Promise.all(this.#shards.map((shard) => shard.search(searches, context)));
    if (found.length === 1) return found[0]!;
    return searches.map(({ k }, at) =>
      merge(
        found.map((answers) => answers[at]!),
        k,
      ),
    );
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
