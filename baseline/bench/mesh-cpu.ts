import type { Dataset } from "../../src/dataset/dataset.ts";
import type { DoorClient } from "../../src/door/client.ts";
import type { SystemStats } from "../../src/door/stats.ts";
import { Histogram } from "../../src/math/histogram.ts";
import { median } from "../../src/math/quantile.ts";
import { IdMap } from "../../src/retrieval/id-map.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { MeshConfig } from "../mesh-config.ts";
import type { CorePlan } from "./core-plan.ts";
import { type CalledRole, type Pace, type ServiceCpu, ServicesApart } from "./service-cpu.ts";

export interface MeshCpuOptions {
  readonly door: DoorClient;
  readonly mesh: MeshConfig;
  readonly dataset: Dataset;
  readonly requests: readonly RetrievalRequest[];
  readonly inFlight: number;
  /** Calls under way at most to each service, as the gateway has them. */
  readonly lanes: Readonly<Record<CalledRole, number>>;
  /** Where each service runs when it is apart. */
  readonly cpusOf: CorePlan["cpusOf"];
  readonly rounds: number;
}

/** CPU milliseconds a request; medians over the rounds. */
export interface MeshCpu {
  readonly inMesh: ServiceCpu & { readonly gateway: number };
  /** Each service alone, called as often as in the mesh. */
  readonly paced: ServiceCpu;
  /** Each service alone, each call right after the one before. */
  readonly hot: ServiceCpu;
  /** Requests of a call, as they were in the mesh. */
  readonly batch: Readonly<Record<CalledRole, number>>;
  /** The three services in the mesh over the same paced, and hot: medians of the rounds' own ratios. */
  readonly overPaced: number;
  readonly overHot: number;
  /** The whole mesh, with its gateway, over the services paced. */
  readonly wholeOverPaced: number;
}

const ROLES = ["feature", "filter", "index"] as const;

/** By what each service counts its calls, and what is asked in them. */
const COUNTS: Readonly<Record<CalledRole, readonly [stage: string, counter: string]>> = {
  feature: ["feature.read", "feature.reads"],
  filter: ["filter.evaluate", "filter.asked"],
  index: ["index.batch", "index.searches"],
};

/** Passes before any counts: services run some thousand calls until their code is compiled. */
const WARM_PASSES = 4;

interface Round {
  readonly used: ReturnType<typeof usedIn>;
  readonly paced: ServiceCpu;
  readonly hot: ServiceCpu;
}

/**
 * What a mesh's services use for the same requests within it and apart. Both have answered every
 * request several times before; each service has calls of the same size and as many of them under
 * way; and the two are measured in turn, with the other one idle.
 */
export async function measureMeshCpu(options: MeshCpuOptions): Promise<MeshCpu> {
  const { door, mesh, requests, dataset, lanes } = options;
  const { users, catalogue } = dataset;
  const userRow = new IdMap(users.ids);
  const rows = new IdMap(catalogue.ids);
  await using services = await ServicesApart.start({
    mesh,
    requests,
    items: catalogue.count,
    cpusOf: options.cpusOf,
    vectorOf: ({ user }) => {
      const row = user.kind === "id" ? userRow.rowOf(user.id) : 0;
      return users.features.slice(row * users.dim, (row + 1) * users.dim);
    },
    excludedOf: ({ exclude }) => Uint32Array.from(exclude, (id) => rows.rowOf(id)),
  });
  const measured: Round[] = [];
  for (let pass = 0; pass < WARM_PASSES + options.rounds; pass++) {
    const startMs = performance.now();
    const before = await door.stats();
    await askAll(door, requests, options.inFlight);
    const seconds = (performance.now() - startMs) / 1000;
    const used = usedIn(before, await door.stats(), requests.length);
    const apart = (lasting: number): Promise<ServiceCpu> => {
      const paceOf = (role: CalledRole): Pace => {
        return { batch: used.batch[role], lanes: lanes[role], seconds: lasting };
      };
      return services.cpu({
        feature: paceOf("feature"),
        filter: paceOf("filter"),
        index: paceOf("index"),
      });
    };
    const hot = await apart(0);
    if (pass >= WARM_PASSES) measured.push({ used, hot, paced: await apart(seconds) });
  }
  return summaryOf(measured);
}

function summaryOf(rounds: readonly Round[]): MeshCpu {
  const of = (value: (round: Round) => number): number => median(rounds.map(value));
  const each = (value: (round: Round, role: CalledRole) => number) => ({
    feature: of((round) => value(round, "feature")),
    filter: of((round) => value(round, "filter")),
    index: of((round) => value(round, "index")),
  });
  return {
    inMesh: {
      ...each(({ used }, role) => used.cpu[role]),
      gateway: of(({ used }) => used.gateway),
    },
    paced: each(({ paced }, role) => paced[role]),
    hot: each(({ hot }, role) => hot[role]),
    batch: each(({ used }, role) => used.batch[role]),
    overPaced: of(({ used, paced }) => sumOf(used.cpu) / sumOf(paced)),
    overHot: of(({ used, hot }) => sumOf(used.cpu) / sumOf(hot)),
    wholeOverPaced: of(({ used, paced }) => (sumOf(used.cpu) + used.gateway) / sumOf(paced)),
  };
}

const sumOf = (cpu: ServiceCpu): number => ROLES.reduce((sum, role) => sum + cpu[role], 0);

function usedIn(before: SystemStats, after: SystemStats, requests: number) {
  const cpuOf = (role: string): number =>
    ((cpuSeconds(after, role) - cpuSeconds(before, role)) * 1000) / requests;
  const batchOf = (role: CalledRole): number => {
    const [stage, counter] = COUNTS[role];
    const asked = (after.counters.get(counter) ?? 0) - (before.counters.get(counter) ?? 0);
    return asked / (callsOf(after, stage) - callsOf(before, stage));
  };
  const each = (of: (role: CalledRole) => number) => ({
    feature: of("feature"),
    filter: of("filter"),
    index: of("index"),
  });
  return { cpu: each(cpuOf), batch: each(batchOf), gateway: cpuOf("gateway") };
}

const cpuSeconds = ({ processes }: SystemStats, role: string): number =>
  processes.filter((each) => each.role === role).reduce((sum, each) => sum + each.cpuSeconds, 0);

function callsOf({ stages }: SystemStats, stage: string): number {
  const text = stages.get(stage);
  return text === undefined ? 0 : Histogram.decode(text).count;
}

/** Every request once, so many in flight. */
async function askAll(
  door: DoorClient,
  requests: readonly RetrievalRequest[],
  inFlight: number,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < requests.length) await door.retrieve(requests[next++]!, { timeoutMs: 30_000 });
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}
