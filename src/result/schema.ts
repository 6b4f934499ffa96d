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

/** The search behind a capacity: the rates it tried, and between which two the answer lies. */
const capacitySchema = z.strictObject({
  /** The highest rate that held; 0: none did. */
  heldPerSecond: z.number(),
  /** The lowest rate that did not hold; null: none was found. */
  brokePerSecond: number,
  /** Whether a longer run at the rate that held, held too. */
  confirmed: z.boolean(),
  /** What gave way at the lowest rate that did not hold. */
  limit: z.enum(["server", "client", "none"]),
  probes: z.array(
    z.strictObject({
      ratePerSecond: z.number(),
      seconds: z.number(),
      p99Ms: number,
      held: z.boolean(),
      limit: z.enum(["server", "client", "none"]),
      /** Why it did not hold; "" where it did. */
      reason: z.string(),
    }),
  ),
});

export const pointSchema = z.strictObject({
  /** system[variant]/load@ratePerSecond/round */
  key: z.string(),
  system: z.string(),
  variant: z.string(),
  load: z.string(),
  round: z.number().int(),
  /** Which start of the run measured it: 1, or more where it was resumed. */
  sitting: z.number().int().default(1),
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
  /** From the time each request was due. */
  latencyMs: latency,
  /** 95% intervals of the percentiles, by order statistics. */
  latencyIntervalsMs: z.record(z.string(), z.tuple([z.number(), z.number()])).default({}),
  /** From the time each was sent; null where a request is due when it is sent. */
  sendLatencyMs: latency.nullable().default(null),
  recall: number,
  violations: z.number().int(),
  short: z.number().int(),
  /** Answers that were marked as partial; they are no goodput, and count in no recall. */
  partial: z.number().int().default(0),
  /** What was done to the system on purpose in mid-load, and how it took it. */
  faults: z
    .array(
      z.strictObject({
        service: z.string(),
        kind: z.string(),
        atSeconds: z.number(),
        seconds: z.number(),
        /** From the strike until the service's process was there again. */
        downSeconds: z.number(),
        errors: z.number().int(),
        partial: z.number().int(),
        /** Until the first good answer after all errors and partial ones; null: none came. */
        recoverySeconds: number,
      }),
    )
    .default([]),
  /** Of all processes of the system, during the point. */
  cpuSeconds: number,
  rssBytes: number,
  processes: z.array(
    z.strictObject({
      role: z.string(),
      pid: z.number().int(),
      cpuSeconds: z.number(),
      rssBytes: z.number(),
      contextSwitches: number.default(null),
    }),
  ),
  gpu: z.strictObject({ busySeconds: number, memoryBytes: number, watts: number }).nullable(),
  /**
   * What its processes used, as a rule second by second, as seen from outside: a column a number, so
   * that it is small. null: they cannot be seen from here, or the result is older.
   */
  course: z
    .strictObject({
      /** Under load, at the end of each sample. */
      atSeconds: z.array(z.number()),
      /** CPUs busy on average. */
      cores: z.array(z.number()),
      rssMebibytes: z.array(z.number()),
      /** GPUs busy on average, of the whole machine; null where none was watched. */
      gpus: z.array(number).nullable(),
      watts: z.array(number).nullable(),
    })
    .nullable()
    .default(null),
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
  /** The answers by filter template, of those that were scored; empty where there is only one. */
  filters: z
    .array(
      z.strictObject({
        /** Position among `dataset.filters`. */
        filter: z.number().int(),
        answers: z.number().int(),
        recall: number,
        violations: z.number().int(),
        short: z.number().int(),
        p50Ms: number,
        p99Ms: number,
      }),
    )
    .default([]),
  /** Changes of the catalogue during the point; null: it stood still. */
  updates: z
    .strictObject({
      /** As the scenario asks for. */
      perSecond: z.number(),
      /** That the system took. */
      takenPerSecond: z.number(),
      taken: z.number().int(),
      /**
       * From when an update was meant to be sent until an answer held it. Percentiles are of all
       * that were looked for, and null where there are too few or that one was not seen; `max` is
       * of those that were.
       */
      visibleMs: z.strictObject({ p50: number, p99: number, max: number }),
      /** By so much at most those times are too long, since looks are some time apart. */
      overMs: z.strictObject({ p50: number, max: number }).default({ p50: null, max: null }),
      /** Updates looked for that an answer held, and those that none held in time: they are lost. */
      seen: z.number().int(),
      unseen: z.number().int(),
      /** How long each was looked for; null: until the load ended, as of old. */
      lostAfterSeconds: number.default(null),
      /** Requests asked after it, from which recall, violations and short are. */
      scored: z.number().int(),
      /** Version of the items that each service had when it ended; `newest`: that there was. */
      versions: z.record(z.string(), z.number()),
    })
    .nullable()
    .default(null),
  /** What the system counted during the point, by its own names: RPCs, bytes, scans. */
  counters: z.record(z.string(), z.number()).default({}),
  client: z.strictObject({
    cpuShare: number,
    lagP99Ms: number,
    gcShare: number,
    /** 99th percentile of the same load on a system that answers at once. */
    floorP99Ms: number,
    /** Share of the time that the load's thread was ready to run and others had its CPU. */
    waitShare: number.default(null),
    threads: z.number().int().default(1),
  }),
  /** Fixed work on the CPU just before the point: how fast the machine was then. */
  calibration: z
    .strictObject({
      ms: z.number(),
      /** From the median of the run's calibrations, as a share of it; null until the run ends. */
      deviation: number,
      flagged: z.boolean(),
    })
    .nullable()
    .default(null),
  /** The point second by second, each between the same second of the other systems. */
  blocks: z
    .array(
      z.strictObject({
        seconds: z.number(),
        throughputPerSecond: z.number(),
        /** Fixed work just before it. */
        calibrationMs: z.number(),
        /** More than 15% from the run's median. */
        flagged: z.boolean(),
      }),
    )
    .default([]),
  /** What a search for the highest rate found; null for every other load. */
  capacity: capacitySchema.nullable().default(null),
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
  /** What was paired: whole rounds, or the blocks of a second that they are made of. */
  pairs: z.enum(["rounds", "blocks"]).default("rounds"),
  /** Rounds with a pair whose ratio lies far from the others'; they count all the same. */
  outliers: z.array(z.number().int()).default([]),
});

/** One variant of a system at the headline load: what recall it has, and how much it answers. */
export const frontierSchema = z.strictObject({
  system: z.string(),
  variant: z.string(),
  load: z.string(),
  ratePerSecond: number,
  /** Medians over the valid rounds. */
  recall: number,
  throughputPerSecond: number,
  p99Ms: number,
  /** Valid rounds. */
  rounds: z.number().int(),
  /** No other variant of the system has both more recall and more throughput. */
  onFrontier: z.boolean(),
  /** The one that speaks for its system in the headline. */
  chosen: z.boolean(),
  /** Why it cannot speak for it; empty: it could. */
  shortcomings: z.array(z.string()),
});

/** A variant's standing on the requests that nobody scores: what the headline's choice is made by. */
export const tuningSchema = z.strictObject({
  system: z.string(),
  variant: z.string(),
  recall: number,
  throughputPerSecond: z.number(),
  short: z.number().int(),
});

/** How long one part of a system takes, alone, in this process. */
export const microSchema = z.strictObject({
  load: z.string(),
  part: z.string(),
  samples: z.number().int(),
  meanMicroseconds: z.number(),
  p50Microseconds: z.number(),
  p99Microseconds: z.number(),
  /** Half the 95% interval of the mean, as a share of it. */
  marginShare: z.number(),
});

/** What a fleet is planned for. */
const planSchema = z.strictObject({
  requestsPerSecond: z.number(),
  /** Share of a machine's measured capacity that stays free, 0..1. */
  headRoom: z.number(),
  /** Machines beyond those that carry the load. */
  spares: z.number().int(),
});

export const costSchema = z.strictObject({
  system: z.string(),
  load: z.string(),
  /** `machines`: whole machines for the plan's load. `resources`: CPU and GPU time, as used. */
  basis: z.enum(["machines", "resources"]),
  /** Name and date of the price sheet. */
  sheet: z.string(),
  /** Where the sheet has its prices from. */
  source: z.string().default(""),
  /** The machine that is priced; for `resources` the one whose vCPU price is used. */
  shape: z.string().default(""),
  /** Requests a second that the dollars an hour buy: the plan's, or those that were measured. */
  requestsPerSecond: number.default(null),
  /** Whole machines, spares included; null for `resources`. */
  machines: z.number().int().nullable().default(null),
  /** Requests a second that one machine held within the objective, before head-room. */
  capacityPerSecond: number.default(null),
  plan: planSchema.nullable().default(null),
  cpuSecondsPerMillion: number.default(null),
  gpuSecondsPerMillion: number.default(null),
  /** Energy of the GPUs alone, where their power was measured. */
  gpuKwhPerMillion: number.default(null),
  dollarsPerHour: z.number(),
  dollarsPerMillion: z.number(),
  requestsPerDollar: z.number(),
  /** Requests per dollar over the mesh's; null without a mesh. */
  efficiency: number,
  /** The same machines with their host whole and only the GPUs that are used; null: all are. */
  hostShare: z
    .strictObject({ dollarsPerHour: z.number(), dollarsPerMillion: z.number(), efficiency: number })
    .nullable()
    .default(null),
  /** Against the mesh's fleet; null for the mesh, for `resources` and without a mesh. */
  breakEven: z
    .strictObject({
      /** From this load on the fleet is never dearer; 0: at any load; null: dearer in the long run. */
      requestsPerSecond: number,
      /** Price of one machine at which both fleets cost the same for the plan's load. */
      machineDollarsPerHour: number,
      /** The same for one of its GPUs, the host at its own price; null where that is unknown. */
      gpuDollarsPerHour: number,
    })
    .nullable()
    .default(null),
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
  /** Where `reference` is given, a share of it. */
  limit: z.number(),
  /** The reference's number, where the limit is a share of it; value and interval are then too. */
  reference: number.default(null),
  /** Rounds, or pairs of rounds, behind the value. */
  n: z.number().int(),
  /** One sentence: what was measured, or what was missing. */
  reason: z.string(),
});

/** Where more rounds were measured because a gate was not settled. */
export const settlingSchema = z.strictObject({
  /** What the rounds beyond the scenario's were allowed to cost, in words. */
  budget: z.string(),
  /** Each time the gates were looked at: how much had been measured, and which were still open. */
  looks: z.array(
    z.strictObject({ rounds: z.number().int(), seconds: z.number(), open: z.array(z.string()) }),
  ),
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

/** What all parts of a run must have in common to stand in one result. A hash each. */
export const fingerprintSchema = z.strictObject({
  /** What is asked: every field of the scenario, and of which systems. */
  scenario: z.string(),
  /** Data set, requests and traces. */
  data: z.string(),
  /** The program that measures, Node, and every package it stands on. */
  code: z.string(),
  /** Class, operating system, governor, and which CPUs are whose. */
  machine: z.string(),
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
  /** Of all sittings together. */
  seconds: z.number(),
  /** null: written before there was one; such a run cannot be resumed. */
  fingerprint: fingerprintSchema.nullable().default(null),
  /** Each time the run was taken up again: when, and what had ended it. */
  resumptions: z.array(z.strictObject({ at: z.string(), after: z.string() })).default([]),
  machine: machineSchema,
  dataset: z.strictObject({
    name: z.string(),
    hash: z.string(),
    items: z.number().int(),
    dim: z.number().int(),
    users: z.number().int(),
    /** Distinct requests. */
    requests: z.number().int(),
    /** Those whose answers are held against the oracle; null, of older results: all. */
    scored: z.number().int().nullable().default(null),
    k: z.number().int(),
    /** Mean share of items that the requests' filters let pass, measured. */
    filterPassRate: number,
    /** The same for each filter template of the scenario. */
    filters: z.array(
      z.strictObject({
        /** null: it has none. */
        name: z.string().nullable().default(null),
        template: z.string(),
        weight: z.number(),
        passRate: number,
        /** How much likelier an item near the user passes than any item: 1 is no correlation. */
        lift: number.default(null),
        requests: z.number().int(),
      }),
    ),
  }),
  model: z.record(z.string(), z.unknown()),
  systems: z.record(z.string(), systemResultSchema),
  /** The load's own CPUs and threads; null: it shares the systems'. */
  client: z
    .strictObject({ cpus: z.array(z.number().int()).nullable(), threads: z.number().int() })
    .nullable()
    .default(null),
  points: z.array(pointSchema),
  tuning: z.array(tuningSchema).default([]),
  frontier: z.array(frontierSchema).default([]),
  micro: z.array(microSchema).default([]),
  /** Where a system was compared with itself: how often the tool cried wolf. */
  falseAlarms: z
    .strictObject({ of: z.string(), comparisons: z.number().int(), alarms: z.number().int() })
    .nullable()
    .default(null),
  comparisons: z.array(comparisonSchema),
  cost: z.array(costSchema),
  doubts: z.array(doubtSchema),
  gates: z.array(gateVerdictSchema).default([]),
  /** null: the run ended with the scenario's rounds, whatever its gates said. */
  settling: settlingSchema.nullable().default(null),
});

export type Result = z.output<typeof resultSchema>;
export type Fingerprint = z.output<typeof fingerprintSchema>;
export type Point = z.output<typeof pointSchema>;
export type Comparison = z.output<typeof comparisonSchema>;
export type CapacityResult = z.output<typeof capacitySchema>;
export type FrontierRow = z.output<typeof frontierSchema>;
export type TuningRow = z.output<typeof tuningSchema>;
export type MicroRow = z.output<typeof microSchema>;
export type CostRow = z.output<typeof costSchema>;
export type Doubt = z.output<typeof doubtSchema>;
export type GateVerdict = z.output<typeof gateVerdictSchema>;
export type Settling = z.output<typeof settlingSchema>;
export type SystemResult = z.output<typeof systemResultSchema>;
export type Machine = z.output<typeof machineSchema>;
