import { z } from "zod";
import { number } from "./measured-number.ts";

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
export const capacitySchema = z.strictObject({
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

/** One load on one system in one round. */
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
  /** Answers that recall is the mean of; null: the result is older. */
  scored: z.number().int().nullable().default(null),
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
