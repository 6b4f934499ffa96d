import type { Thoroughness } from "./batch-feeds.ts";
import type { Effort } from "./effort.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

/** Answers queries that are searched alike, in their order. */
export type Search = (
  queries: readonly EngineQuery[],
  thoroughness: Thoroughness,
) => Promise<readonly EngineAnswer[]>;

/**
 * Searches for each query as thoroughly as its filter is known to need, and again, harder, for
 * those whose answer may lack items, until none does.
 *
 * @returns answers in the order of the queries.
 */
export async function thoroughAnswers(
  queries: readonly EngineQuery[],
  effort: Effort,
  search: Search,
): Promise<EngineAnswer[]> {
  const answers: EngineAnswer[] = [];
  let waiting = grouped(Array.from(queries, (query, at) => [at, effort.of(query)]));
  while (waiting.length > 0) {
    const again: [at: number, thoroughness: Thoroughness][] = [];
    for (const { positions, thoroughness } of waiting) {
      const group = positions.map((at) => queries[at]!);
      for (const [nth, answer] of (await search(group, thoroughness)).entries()) {
        const at = positions[nth]!;
        answers[at] = answer;
        const harder = effort.harder(queries[at]!, answer, thoroughness);
        if (harder !== null) again.push([at, harder]);
      }
    }
    waiting = grouped(again);
  }
  return answers;
}

interface Group {
  readonly thoroughness: Thoroughness;
  readonly positions: number[];
}

/** Positions of the queries that are searched alike. */
function grouped(pairs: readonly (readonly [at: number, thoroughness: Thoroughness])[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [at, thoroughness] of pairs) {
    const key = `${thoroughness.probes} ${thoroughness.fetch}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { thoroughness, positions: [at] });
    else group.positions.push(at);
  }
  return [...groups.values()];
}
