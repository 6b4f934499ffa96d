import type { Follower } from "../live/changes.ts";
import type {
  FeatureService,
  FilterService,
  IndexService,
  LiveService,
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

const followersOf = (service: string, caller: ThreadCaller): readonly Follower[] => [
  { service, apply: (changes) => caller.call("apply", changes, EVER) },
];

export const threadFeature = (caller: ThreadCaller): FeatureService => ({
  users: (ids, context) => caller.call("users", ids, context),
  items: (query, context) => caller.call("items", query, context),
  followers: followersOf("feature", caller),
  stats: statsOf(caller),
});

export const threadFilter = (caller: ThreadCaller): FilterService => ({
  evaluate: (filters, context) => caller.call("evaluate", filters, context),
  followers: followersOf("filter", caller),
  stats: statsOf(caller),
});

export const threadIndex = (caller: ThreadCaller): IndexService => ({
  search: (searches, context) => caller.call("search", searches, context),
  followers: followersOf("index", caller),
  stats: statsOf(caller),
});

export const threadRanker = (caller: ThreadCaller): RankerService => ({
  rank: (rankings, context) => caller.call("rank", rankings, context),
  followers: followersOf("ranker", caller),
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
  const { followers: [follower] = [] } = service as Partial<LiveService>;
  const called = ["stats", ...METHODS[role]].map((name): [string, ThreadMethod] => [
    name,
    (query, context) => methods[name]!(query, context),
  ]);
  const apply: ThreadMethod = (changes) => follower!.apply(changes);
  return Object.fromEntries([...called, ["apply", apply]]);
}
