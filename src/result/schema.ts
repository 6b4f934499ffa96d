import { z } from "zod";

/** The result of a run, as result.json holds it. Fields may be added, never renamed. */
const number = z.number().nullable(); // null: not measured, or too few samples for it

const latency = z.strictObject({
  p50: number,
  p90: number,
  p95: number,
  p99: number,
  p999: number,
  max: number,
  mean: number,
});

export const pointSchema = z.strictObject({
  /** system[variant]/load@ratePerSecond/round */
  key: z.string(),
  system: z.string(),
  variant: z.string(),
  load: z.string(),
  round: z.number().int(),
  /** null for a closed loop: the system sets the pace. */
  offeredPerSecond: number,
  state: z.enum(["ok", "overloaded", "failed"]),
  bound: z.enum(["server", "client", "under-driven", "unknown"]),
  verdict: z.enum(["valid", "invalid"]),
  reasons: z.array(z.string()),
  seconds: z.number(),
  completed: z.number().int(),
  throughputPerSecond: z.number(),
  goodputPerSecond: z.number(),
  errors: z.number().int(),
  late: z.number().int(),
  unsent: z.number().int(),
  latencyMs: latency,
  recall: number,
  violations: z.number().int(),
  short: z.number().int(),
  /** Of all processes of the system, during the point. */
  cpuSeconds: number,
  rssBytes: number,
  processes: z.array(
    z.strictObject({
      role: z.string(),
      pid: z.number().int(),
      cpuSeconds: z.number(),
      rssBytes: z.number(),
    }),
  ),
  gpu: z.strictObject({ busySeconds: number, memoryBytes: number, watts: number }).nullable(),
  stages: z.record(
    z.string(),
    z.strictObject({
      count: z.number().int(),
      p50: number,
      p99: number,
      totalSeconds: z.number(),
    }),
  ),
  batch: z.strictObject({ mean: number, p99: number }).nullable(),
  client: z.strictObject({
    cpuShare: number,
    lagP99Ms: number,
    gcShare: number,
    floorP99Ms: number,
  }),
  /** Latency histogram of the point, relative to the bundle. */
  samples: z.string(),
});

export const comparisonSchema = z.strictObject({
  metric: z.string(),
  of: z.string(),
  over: z.string(),
  load: z.string(),
  recallAt: number,
  n: z.number().int(),
  ratio: number,
  low: number,
  high: number,
  /** How the interval was made, for the reader. */
  method: z.string(),
  verdict: z.enum(["better", "worse", "same", "inconclusive"]),
});

export const costSchema = z.strictObject({
  system: z.string(),
  load: z.string(),
  basis: z.enum(["machines", "resources"]),
  /** Name and date of the price sheet. */
  sheet: z.string(),
  /** Where the sheet has its prices from. */
  source: z.string().default(""),
  /** The machine that is priced; for `resources` the one whose vCPU price is used. */
  shape: z.string().default(""),
  /** Requests a second that the dollars an hour buy: the median throughput of the headline. */
  requestsPerSecond: number.default(null),
  dollarsPerHour: z.number(),
  dollarsPerMillion: z.number(),
  requestsPerDollar: z.number(),
  /** Requests per dollar over the mesh's; null without a mesh. */
  efficiency: number,
});

export const doubtSchema = z.strictObject({ code: z.string(), text: z.string() });

/** What became of one gate expression, for one system where it says `*`. */
export const gateVerdictSchema = z.strictObject({
  expression: z.string(),
  verdict: z.enum(["pass", "regression", "inconclusive", "invalid"]),
  /** The number judged; null where there is none to judge. */
  value: number,
  low: number,
  high: number,
  limit: z.number(),
  /** Rounds, or pairs of rounds, behind the value. */
  n: z.number().int(),
  /** One sentence: what was measured, or what was missing. */
  reason: z.string(),
});

export const systemResultSchema = z.strictObject({
  kind: z.string(),
  engine: z.string(),
  device: z.string(),
  settings: z.record(z.string(), z.unknown()),
  processes: z.array(z.string()),
  cpus: z.array(z.number().int()).nullable(),
  build: z.strictObject({ seconds: z.number(), bytes: z.number(), cached: z.boolean() }),
});

export const machineSchema = z.strictObject({
  cpu: z.string(),
  cores: z.number().int(),
  memoryBytes: z.number(),
  gpu: z.string().nullable(),
  os: z.string(),
  node: z.string(),
  packages: z.record(z.string(), z.string()),
  governor: z.string().nullable(),
  virtualised: z.boolean().nullable(),
  /** Hash of what makes two machines comparable: cpu, cores, memory (GiB), gpu, os family. */
  class: z.string(),
});

export const resultSchema = z.strictObject({
  schema: z.literal("silverbench.result/1"),
  complete: z.boolean(),
  /** Why it is not complete; absent where it is. */
  incompleteReason: z.string().optional(),
  silverbench: z.string(),
  scenario: z.strictObject({
    name: z.string(),
    question: z.string(),
    hash: z.string(),
    text: z.string(),
    headlineLoad: z.string(),
    recallTarget: z.number(),
    slo: z.strictObject({ p99Ms: z.number(), recall: z.number() }),
    rounds: z.number().int(),
    loads: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
  seeds: z.record(z.string(), z.number()),
  startedAt: z.string(),
  seconds: z.number(),
  machine: machineSchema,
  dataset: z.strictObject({
    name: z.string(),
    hash: z.string(),
    items: z.number().int(),
    dim: z.number().int(),
    users: z.number().int(),
    /** Distinct requests. */
    requests: z.number().int(),
    k: z.number().int(),
    /** Mean share of items that the requests' filters let pass, measured. */
    filterPassRate: number,
    /** The same for each filter template of the scenario. */
    filters: z.array(
      z.strictObject({
        template: z.string(),
        weight: z.number(),
        passRate: number,
        requests: z.number().int(),
      }),
    ),
  }),
  model: z.record(z.string(), z.unknown()),
  systems: z.record(z.string(), systemResultSchema),
  points: z.array(pointSchema),
  comparisons: z.array(comparisonSchema),
  cost: z.array(costSchema),
  doubts: z.array(doubtSchema),
  gates: z.array(gateVerdictSchema).default([]),
});

export type Result = z.output<typeof resultSchema>;
export type Point = z.output<typeof pointSchema>;
export type Comparison = z.output<typeof comparisonSchema>;
export type CostRow = z.output<typeof costSchema>;
export type Doubt = z.output<typeof doubtSchema>;
export type GateVerdict = z.output<typeof gateVerdictSchema>;
export type SystemResult = z.output<typeof systemResultSchema>;
export type Machine = z.output<typeof machineSchema>;
