import { z } from "zod";
import { DEFAULT_MLP, DEFAULT_MOL, MAX_TASKS } from "../retrieval/model-spec.ts";
import { faultSpec } from "./fault-schema.ts";
import {
  indexAsModelSettings,
  meshSettings,
  delaySettings,
  nullSettings,
  remoteSettings,
} from "./settings.ts";

const seed = z.number().int().min(0).max(4294967295);
const positive = z.number().positive();
const count = z.number().int().min(1);

/** One seed a purpose, so that each random choice can be changed alone. */
const seeds = z.strictObject({
  data: seed.default(1),
  requests: seed.default(2),
  model: seed.default(3),
  arrivals: seed.default(4),
  order: seed.default(5),
});

const syntheticDataset = z.strictObject({
  kind: z.literal("synthetic"),
  items: z.number().int().min(100).max(100_000_000),
  dim: z.number().int().min(2).max(4096),
  users: z.number().int().min(1).max(10_000_000).default(10_000),
  /** Dimensions of a user's features; with an identity tower it must equal `dim`. */
  userDim: z.number().int().min(1).max(4096).optional(),
  /** Generator clusters; default items / 25, far more than any index has. */
  clusters: count.optional(),
  /** Spread of a cluster around its centre, as a share of the centre's length. */
  noise: z.number().min(0).max(10).default(0.6),
  /** Zipf exponent of popularity. */
  zipf: z.number().min(0).max(3).default(0.8),
});

/** Items that are computed from their rows: no file holds them, a card makes them for itself. */
const generatedDataset = z.strictObject({
  kind: z.literal("generated"),
  /** In clusters of equal size, a multiple of 32. */
  items: z.number().int().min(128).max(100_000_000),
  dim: z.number().int().min(4).max(4096),
  users: z.number().int().min(1).max(1_000_000).default(10_000),
  /** Those of the generator, which the index takes over. */
  clusters: z.number().int().min(1).max(65_536),
  /** Spread of a cluster around its centre, as a share of the centre's length. */
  noise: z.number().min(0).max(4).default(0.45),
});

const datasetSpec = z.discriminatedUnion("kind", [
  syntheticDataset,
  generatedDataset,
  z.strictObject({
    kind: z.literal("glove-100"),
    /** Keep only the most frequent words; default all. */
    items: z.number().int().min(100).optional(),
    /** Words held out as queries. */
    users: z.number().int().min(1).max(50_000).default(10_000),
  }),
  z.strictObject({ kind: z.literal("folder"), path: z.string().min(1) }),
]);

const modelSpec = z.strictObject({
  heads: z.number().int().min(1).max(64).default(1),
  candidates: count.default(1000),
  tower: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("identity") }),
      z.strictObject({ kind: z.literal("mlp"), hidden: z.array(count).max(8) }),
    ])
    .default({ kind: "identity" }),
  overarch: z.enum(["none", "mlp", "mol"]).default("none"),
  /** Tasks that an OverArch scores; default: one, named `task`. */
  tasks: z.array(z.string().min(1)).min(1).max(MAX_TASKS).optional(),
  /** Sizes of a mixture of logits; the defaults are those published for a small one. */
  mol: z
    .strictObject({
      userGroups: z.number().int().min(1).max(64).default(DEFAULT_MOL.userGroups),
      itemGroups: z.number().int().min(1).max(64).default(DEFAULT_MOL.itemGroups),
      dim: z.number().int().min(1).max(1024).default(DEFAULT_MOL.dim),
      gateHidden: z.number().int().min(1).max(4096).default(DEFAULT_MOL.gateHidden),
      temperature: positive.default(DEFAULT_MOL.temperature),
    })
    .optional(),
  mlp: z
    .strictObject({
      hidden: z
        .array(z.number().int().min(1).max(8192))
        .min(1)
        .max(8)
        .default([...DEFAULT_MLP.hidden]),
    })
    .optional(),
  /** Value Model: a formula over the tasks, the score and the item's columns. */
  value: z.string().default("score"),
});

const requestsSpec = z.strictObject({
  /** Different requests generated; the load walks through them. */
  distinct: z.number().int().min(1).max(1_000_000).default(5000),
  /**
   * How many of them the oracle answers, evenly spread: recall, violations and short answers are of
   * those alone. Absent: all. For catalogues that it takes long to look through.
   */
  scored: count.optional(),
  reuse: z.enum(["none", "zipf"]).default("none"),
  k: count.default(100),
  filters: z
    .array(
      z.strictObject({
        /** What a load calls it that asks only some of the filters. */
        name: z.string().min(1).optional(),
        weight: positive.default(1),
        template: z.string(),
      }),
    )
    .min(1)
    .default([{ weight: 1, template: "" }]),
  /** Items already seen that each request excludes. */
  exclude: z.number().int().min(0).max(10_000).default(0),
});

/** A setting's variants: the cross product is swept, at most 10 a system. */
const sweep = z.record(z.string(), z.array(z.json()).min(1)).default({});

/** One system: its kind, settings and sweep. */
export const systemSpec = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("mesh"), settings: meshSettings.prefault({}), sweep }),
  z.strictObject({
    kind: z.literal("index-as-model"),
    settings: indexAsModelSettings.prefault({}),
    sweep,
  }),
  z.strictObject({ kind: z.literal("remote"), settings: remoteSettings, sweep }),
  z.strictObject({ kind: z.literal("null"), settings: nullSettings.prefault({}), sweep }),
  z.strictObject({ kind: z.literal("delay"), settings: delaySettings, sweep }),
]);

const seconds = positive.max(3600);
const rate = positive.max(1_000_000);
/** Who sends: our lean gRPC client, or the one that most Node services use. */
const client = z.enum(["lean", "grpc-js"]).default("lean");
/** Connections that the requests are spread over: a door in several processes deals them out. */
const connections = z.number().int().min(1).max(1000).default(4);
/** Only requests of these filters, by name; absent: all. */
const filters = z.array(z.string().min(1)).min(1).optional();
const arrivals = z.enum(["poisson", "constant"]).default("poisson");
/** Requests under way at which an open loop stops: the system is overloaded. */
const maxInFlight = z.number().int().min(1).max(100_000).default(1000);

const ratePerSecond = z.union([
  rate,
  /** Each is a point of its own. */
  z.array(rate).min(1).max(50),
  z.strictObject({ ramp: z.strictObject({ from: rate, to: rate }) }),
  z.strictObject({
    burst: z.strictObject({
      base: rate,
      peak: rate,
      everySeconds: positive.max(3600),
      forSeconds: positive.max(3600),
    }),
  }),
]);

/** One load: the shape of arrivals. */
export const loadSpec = z.discriminatedUnion("shape", [
  z.strictObject({
    shape: z.literal("closed"),
    filters,
    /** Requests kept in flight. */
    inFlight: z.number().int().min(1).max(10_000).default(8),
    seconds: seconds.default(5),
    client,
    connections,
  }),
  z.strictObject({
    shape: z.literal("http"),
    filters,
    connections: z.number().int().min(1).max(10_000).default(8),
    seconds: seconds.default(5),
  }),
  /** One request at a time. */
  z.strictObject({
    shape: z.literal("single-stream"),
    filters,
    seconds: seconds.default(5),
    client,
  }),
  /** Groups of requests, one group at a time. */
  z.strictObject({
    shape: z.literal("multi-stream"),
    filters,
    samples: z.number().int().min(1).max(1000).default(8),
    seconds: seconds.default(5),
    client,
    connections,
  }),
  /** Open loop: requests come when they come. */
  z.strictObject({
    shape: z.literal("server"),
    filters,
    ratePerSecond,
    arrivals,
    seconds: seconds.default(10),
    maxInFlight,
    client,
    connections,
  }),
  /** Everything at once. */
  z.strictObject({
    shape: z.literal("offline"),
    filters,
    /** Default: as many as there are distinct requests. */
    count: z.number().int().min(1).max(10_000_000).optional(),
    /** As many as the system lets in at once. */
    maxInFlight: z.number().int().min(1).max(10_000).default(512),
    /** At most. */
    seconds: seconds.default(60),
    client,
    connections,
  }),
  /** The requests of a trace at their own times. */
  z.strictObject({
    shape: z.literal("replay"),
    /** JSONL, beside the scenario. */
    trace: z.string().min(1),
    speed: positive.max(1000).default(1),
    maxInFlight,
    client,
    connections,
  }),
  /** The parts of the systems, each alone in this process; enters no comparison. */
  z.strictObject({ shape: z.literal("micro"), seconds: seconds.default(1) }),
  /** The highest rate that holds the objective. */
  z.strictObject({
    shape: z.literal("capacity"),
    filters,
    /** Where the search begins. */
    fromPerSecond: rate.default(100),
    /** How close the rate that held and the rate that did not must come: 0.05 is 5%. */
    precision: z.number().min(0.01).max(1).default(0.05),
    probeSeconds: seconds.default(2),
    /** Length of the run that confirms the rate. */
    seconds: seconds.default(5),
    arrivals,
    maxInFlight,
    client,
    connections,
  }),
]);

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/i, "letters, digits, - and _ only");

export const scenarioSchema = z.strictObject({
  schema: z.literal("silverbench.scenario/1"),
  name,
  question: z.string().default(""),
  seeds: seeds.prefault({}),
  dataset: datasetSpec,
  model: modelSpec.prefault({}),
  requests: requestsSpec.prefault({}),
  systems: z
    .record(name, systemSpec)
    .refine((s) => Object.keys(s).length > 0, "at least one system"),
  loads: z.record(name, loadSpec).refine((l) => Object.keys(l).length > 0, "at least one load"),
  /** Changes of the catalogue while systems are under load: new items, new versions, deletes. */
  updates: z
    .strictObject({
      perSecond: positive.max(100_000),
      /** They are sent in bursts, so far apart. */
      everyMs: z.number().min(1).max(60_000).default(200),
      /** An update that was looked for and is in no answer after so long is lost. */
      lostAfterSeconds: positive.max(600).default(15),
      /** Systems that get them; absent: all. */
      systems: z.array(z.string().min(1)).min(1).optional(),
    })
    .optional(),
  slo: z
    .strictObject({ p99Ms: positive.default(200), recall: z.number().min(0).max(1).default(0.95) })
    .prefault({}),
  headline: z
    .strictObject({ load: name.optional(), recall: z.number().min(0).max(1).default(0.95) })
    .prefault({}),
  rounds: z.number().int().min(1).max(1000).default(5),
  /** A system is warmed up until its throughput has no trend, but at most so long. */
  warmUpSeconds: z.number().int().min(1).max(3600).default(40),
  /** `auto`: the last half of the CPUs for the systems, the rest for the load; or a list; or `all`. */
  cpus: z
    .union([z.literal("auto"), z.literal("all"), z.array(z.number().int().min(0)).min(1)])
    .default("auto"),
  prices: z.string().min(1).default("prices/example.yaml"),
  /** What is done to the systems' processes in mid-load; empty: whatever dies ends the run. */
  faults: z.array(faultSpec).max(20).default([]),
  gate: z.array(z.string()).default([]),
});

/** A scenario with every default filled in. */
export type Scenario = z.output<typeof scenarioSchema>;
export type DatasetSpec = Scenario["dataset"];
export type SyntheticSpec = Extract<DatasetSpec, { kind: "synthetic" }>;
export type GeneratedSpec = Extract<DatasetSpec, { kind: "generated" }>;
export type GloveSpec = Extract<DatasetSpec, { kind: "glove-100" }>;
export type RequestsSpec = Scenario["requests"];
export type SystemSpec = Scenario["systems"][string];
export type LoadSpec = Scenario["loads"][string];
