import type {
  FeatureService,
  FilterService,
  IndexService,
  MeshService,
  RankerService,
  TowerService,
} from "../services.ts";
import type { Part } from "./part.ts";
import type { ThreadCaller, ThreadMethod } from "./thread-call.ts";

// The services' methods as they are called from another thread, and as they are answered there.

const EVER = { deadlineMs: Infinity };

const statsOf = (caller: ThreadCaller): MeshService["stats"] => {
  return () => caller.call("stats", null, EVER);
};

export const threadFeature = (caller: ThreadCaller): FeatureService => ({
  users: (ids, context) => caller.call("users", ids, context),
  items: (query, context) => caller.call("items", query, context),
  stats: statsOf(caller),
});

export const threadFilter = (caller: ThreadCaller): FilterService => ({
  evaluate: (filters, context) => caller.call("evaluate", filters, context),
  stats: statsOf(caller),
});

export const threadIndex = (caller: ThreadCaller): IndexService => ({
  search: (searches, context) => caller.call("search", searches, context),
  stats: statsOf(caller),
});

export const threadRanker = (caller: ThreadCaller): RankerService => ({
  rank: (rankings, context) => caller.call("rank", rankings, context),
  stats: statsOf(caller),
});

export const threadTower = (caller: ThreadCaller): TowerService => ({
  embed: (features, context) => caller.call("embed", features, context),
  stats: statsOf(caller),
});

/** By what each role answers, beside `stats`. */
const METHODS: Readonly<Record<Part["role"], readonly string[]>> = {
  feature: ["users", "items"],
  filter: ["evaluate"],
  index: ["search"],
  ranker: ["rank"],
  tower: ["embed"],
};

/** A service's methods, to be answered from its own thread. */
export function threadMethods(
  role: Part["role"],
  service: MeshService,
): Readonly<Record<string, ThreadMethod>> {
  const methods = service as unknown as Readonly<Record<string, ThreadMethod>>;
  return Object.fromEntries(
    ["stats", ...METHODS[role]].map((name) => [
      name,
      (query, context) => methods[name]!(query, context),
    ]),
  );
}
