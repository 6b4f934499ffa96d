import { USER_KINDS } from "../../kernels/ranking/user-inputs.ts";
import { GROUPED, HEADER, HEADER_WORDS } from "../../kernels/search/batch-words.ts";
import { isChained, workOrder } from "../../kernels/search/search-shape.ts";
import type { EncodedPlan } from "../../eligibility/plan-tensors.ts";
import type { EngineQuery } from "../query.ts";
import { type PackedFreshOpen, packFreshOpen } from "./pack-fresh-open.ts";
import { packBonuses, type PackedBonuses } from "./pack-bonuses.ts";
import { OPEN_PLAN, packPlan } from "./pack-programs.ts";
import type { SearchBatch } from "./lane-needs.ts";
import type { PackedFresh, PackedUsers } from "./stages.ts";

/** Items that came after the artifact was compiled, to be scored. */
export interface ScoredFresh {
  readonly count: number;
  /** float32 [fresh, dim]: the first of a table, on memory that all threads see, or a batch's own. */
  readonly items: Float32Array;
  /** The number of the table, which is only ever appended to; null: the batch's own. */
  readonly table: number | null;
}

export const NO_FRESH: ScoredFresh = { count: 0, items: new Float32Array(0), table: null };

/** A batch as it goes to the device: plain numbers, so that it can cross between threads. */
export interface PackedBatch {
  readonly search: SearchBatch;
  readonly users: PackedUsers;
  readonly words: Uint32Array<ArrayBuffer>;
  /** What filters add to clusters' scores: see pack-bonuses.ts; null: nothing. */
  readonly bonuses: Uint32Array<ArrayBuffer> | null;
  readonly fresh: ScoredFresh;
  /** Such items, to be ranked along with the others; null: there are none. */
  readonly ranked: PackedFresh | null;
  /** The largest k: items of an answer. */
  readonly k: number;
}

/** What of a batch is the same for all its queries. */
export interface BatchSettings {
  readonly heads: number;
  readonly clusters: number;
  /** Clusters that a list looks into. */
  readonly probes: number;
  /**
   * Of each query in its order, where they differ; those without filter look into `probes` all the
   * same.
   */
  readonly probesOf?: readonly number[];
  /** Whether clusters are taken by what filters leave in them, too; absent: by their centroids alone. */
  readonly ordersClusters?: boolean;
  /** Whether pairs may be chained (group-pairs.ts), which benchmarks may forbid; absent: they may. */
  readonly mayChain?: boolean;
  /** Places of a list. */
  readonly places: number;
  /** Places before they are scored again; as many as places where they are not. */
  readonly candidates: number;
}

/** Queries without filter come first: they are scanned in another way. */
export function openFirst(queries: readonly EngineQuery[]): Uint32Array {
  const isOpen = ({ plan }: EngineQuery): boolean => plan === null;
  const order = new Uint32Array(queries.length);
  let next = 0;
  for (const [at, query] of queries.entries()) if (isOpen(query)) order[next++] = at;
  for (const [at, query] of queries.entries()) if (!isOpen(query)) order[next++] = at;
  return order;
}

/** Packs queries that are in order: those without filter first. */
export function packBatch(
  queries: readonly EngineQuery[],
  settings: BatchSettings,
  fresh = NO_FRESH,
): PackedBatch {
  const { heads, clusters, places, candidates, ordersClusters = false } = settings;
  const there = (probes: number): number => Math.min(probes, clusters);
  const probes = there(settings.probes);
  const probesOf = queries.map((_, at) => there(settings.probesOf?.[at] ?? probes));
  // Where all clusters are looked into, their order is of no matter.
  const bonuses = ordersClusters && probes < clusters ? packBonuses(queries, clusters) : null;
  const k = Math.max(...queries.map((query) => query.k));
  const freshOpen = fresh.count === 0 ? null : packFreshOpen(queries, fresh.count, k);
  const all = { ...settings, probes, probesOf, bonuses, fresh: freshOpen };
  const { words, excluded, pairs } = packWords(queries, all);
  const filtered = queries.findIndex(({ plan }) => plan !== null);
  const open = filtered < 0 ? queries.length : filtered;
  const openLists = open * heads;
  words[HEADER.openLists] = openLists;
  const order = workOrder(pairs, probes, clusters);
  const byCluster = order === "byCluster";
  const { mayChain = true } = settings;
  const chained = byCluster && open === queries.length && mayChain && isChained(pairs, clusters);
  words[HEADER.grouped] = chained ? GROUPED.chained : byCluster ? GROUPED.sorted : GROUPED.not;
  const requests = queries.length;
  return {
    search: {
      requests,
      probes,
      mostProbes: Math.max(...probesOf),
      pairs,
      candidates,
      places,
      words: words.length,
      excluded,
      openLists,
      isChained: chained,
      openExcluded: words[words[HEADER.excludedOf]! + open]!,
    },
    users: packUsers(queries),
    words,
    bonuses: bonuses?.codes ?? null,
    fresh,
    ranked: null,
    k,
  };
}

function packWords(
  queries: readonly EngineQuery[],
  {
    heads,
    probes,
    probesOf,
    candidates,
    places,
    bonuses,
    fresh,
  }: BatchSettings & {
    readonly probesOf: readonly number[];
    readonly bonuses: PackedBonuses | null;
    readonly fresh: PackedFreshOpen | null;
  },
): { words: Uint32Array<ArrayBuffer>; excluded: number; pairs: number } {
  const requests = queries.length;
  const programAt = new Map<EncodedPlan, number>();
  const programs: Uint32Array[] = [];
  const programOf = HEADER_WORDS;
  const excludedOf = programOf + requests;
  const pairsOf = excludedOf + requests + 1;
  const bonusOf = pairsOf + requests + 1;
  const programsAt = bonusOf + (bonuses === null ? 0 : requests);
  let next = programsAt;
  for (const { plan } of queries) {
    const key = plan ?? OPEN_PLAN;
    if (programAt.has(key)) continue;
    const program = packPlan(key);
    programAt.set(key, next);
    programs.push(program);
    next += program.length;
  }
  const excludedRows = next;
  const excluded = queries.reduce((sum, { exclude }) => sum + exclude.length, 0);
  const freshOf = excludedRows + excluded;
  const words = new Uint32Array(freshOf + (fresh?.length ?? 0));
  words[HEADER.requests] = requests;
  words[HEADER.lists] = requests * heads;
  words[HEADER.probes] = probes;
  words[HEADER.candidates] = candidates;
  words[HEADER.places] = places;
  words[HEADER.programOf] = programOf;
  words[HEADER.excludedOf] = excludedOf;
  words[HEADER.excludedRows] = excludedRows;
  words[HEADER.excludedCount] = excluded;
  words[HEADER.alike] = probesOf.every((each) => each === probes) ? 1 : 0;
  words[HEADER.pairsOf] = pairsOf;
  if (fresh !== null) {
    words[HEADER.freshOf] = freshOf;
    fresh.write(words, freshOf);
  }
  if (bonuses !== null) {
    words[HEADER.bonusOf] = bonusOf;
    words.set(bonuses.rowOf, bonusOf);
  }
  let at = programsAt;
  for (const program of programs) {
    words.set(program, at);
    at += program.length;
  }
  let before = 0;
  for (const [request, { plan, exclude }] of queries.entries()) {
    words[programOf + request] = programAt.get(plan ?? OPEN_PLAN)!;
    words[excludedOf + request] = before;
    words.set(exclude, excludedRows + before);
    before += exclude.length;
  }
  words[excludedOf + requests] = before;
  let pairs = 0;
  for (const [request, own] of probesOf.entries()) {
    words[pairsOf + request] = pairs;
    pairs += own * heads;
  }
  words[pairsOf + requests] = pairs;
  words[HEADER.pairs] = pairs;
  return { words, excluded, pairs };
}

function packUsers(queries: readonly EngineQuery[]): PackedUsers {
  const users = new Uint32Array(2 * queries.length);
  const sizes = queries.map(({ user }) =>
    user.kind === "row" ? 0 : user.kind === "features" ? user.features.length : user.vectors.length,
  );
  const given = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
  let next = 0;
  for (const [at, { user }] of queries.entries()) {
    if (user.kind === "row") {
      users.set([USER_KINDS.row, user.row], 2 * at);
      continue;
    }
    const numbers = user.kind === "features" ? user.features : user.vectors;
    users.set([USER_KINDS[user.kind], next], 2 * at);
    given.set(numbers, next);
    next += numbers.length;
  }
  return { users, given };
}
