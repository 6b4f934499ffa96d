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
  let waiting = grouped(firstTry(queries, effort));
  while (waiting.length > 0) {
    const again: Pair[] = [];
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

type Pair = readonly [at: number, thoroughness: Thoroughness];

/** Queries without a filter go along where others' filters are folded, rather than by themselves. */
function firstTry(queries: readonly EngineQuery[], effort: Effort): Pair[] {
  const own = queries.map((query) => effort.begin(query));
  const folded = own.some((thoroughness) => thoroughness.folded);
  return own.map((thoroughness, at) =>
    queries[at]!.plan === null ? [at, { ...thoroughness, folded }] : [at, thoroughness],
  );
}

interface Group {
  thoroughness: Thoroughness;
  readonly positions: number[];
}

/** Positions of the queries that are searched alike. */
function grouped(pairs: readonly Pair[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [at, thoroughness] of pairs) {
    const { probes, fetch, folded } = thoroughness;
    const key = `${probes} ${folded ? "folded" : fetch}`;
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { thoroughness, positions: [at] });
      continue;
    }
    group.positions.push(at);
    if (fetch > group.thoroughness.fetch) group.thoroughness = thoroughness;
  }
  return [...groups.values()];
}
