import type { Thoroughness } from "./batch-feeds.ts";
import type { Effort } from "./effort.ts";
import type { EngineAnswer, EngineQuery } from "./query.ts";

/** Queries that are searched together. */
export interface SearchGroup {
  readonly queries: readonly EngineQuery[];
  /** How thoroughly each is to be searched. */
  readonly each: readonly Thoroughness[];
  /** The places that their lists have. */
  readonly fetch: number;
}

/** Answers queries that are searched together, in their order. */
export type Search = (group: SearchGroup) => Promise<readonly EngineAnswer[]>;

/** Queries of which this is the same are searched together. */
export type Together = (query: EngineQuery, thoroughness: Thoroughness) => string;

/** Of a batch, by how each query would be searched by itself, how it is beside the others. */
export type Beside = (
  queries: readonly EngineQuery[],
  each: readonly Thoroughness[],
) => readonly Thoroughness[];

/** How queries are searched. */
export interface Ways {
  readonly effort: Effort;
  readonly together: Together;
  /** Absent: as by themselves. */
  readonly beside?: Beside;
}

/** Of any filter, but with as many clusters. */
export const searchedAlike: Together = (_, { probes, fetch, folded }) =>
  `${probes} ${folded ? "folded" : fetch}`;

/**
 * Searches for each query as thoroughly as its filter is known to need, and again, harder, for
 * those whose answer may lack items, until none does.
 *
 * @returns answers in the order of the queries.
 */
export async function thoroughAnswers(
  queries: readonly EngineQuery[],
  { effort, together, beside }: Ways,
  search: Search,
): Promise<EngineAnswer[]> {
  const answers: EngineAnswer[] = [];
  const grouped = (pairs: readonly Pair[]): Group[] => groupsOf(pairs, queries, together);
  const alone = queries.map((query) => effort.begin(query));
  const first = beside === undefined ? alone : beside(queries, alone);
  let waiting = grouped([...first.entries()]);
  while (waiting.length > 0) {
    const again: Pair[] = [];
    for (const { positions, each } of waiting) {
      const group = positions.map((at) => queries[at]!);
      const fetch = Math.max(...each.map((own) => own.fetch));
      for (const [nth, answer] of (await search({ queries: group, each, fetch })).entries()) {
        const at = positions[nth]!;
        answers[at] = answer;
        const harder = effort.harder(queries[at]!, answer, { ...each[nth]!, fetch });
        if (harder !== null) again.push([at, harder]);
      }
    }
    waiting = grouped(again);
  }
  return answers;
}

type Pair = readonly [at: number, thoroughness: Thoroughness];

interface Group {
  readonly positions: number[];
  readonly each: Thoroughness[];
}

/** Positions of the queries that are searched together. */
function groupsOf(
  pairs: readonly Pair[],
  queries: readonly EngineQuery[],
  together: Together,
): Group[] {
  const groups = new Map<string, Group>();
  for (const [at, thoroughness] of pairs) {
    const key = together(queries[at]!, thoroughness);
    const group = groups.get(key) ?? { positions: [], each: [] };
    group.positions.push(at);
    group.each.push(thoroughness);
    groups.set(key, group);
  }
  return [...groups.values()];
}
