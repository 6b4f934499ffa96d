import { z } from "zod";
import {
  comparisonSchema,
  frontierSchema,
  microSchema,
  tuningSchema,
} from "./comparison-schema.ts";
import { costSchema } from "./cost-schema.ts";
import { gateVerdictSchema, settlingSchema } from "./gate-schema.ts";
import { number } from "./measured-number.ts";
import { type capacitySchema, pointSchema } from "./point-schema.ts";

const doubtSchema = z.strictObject({ code: z.string(), text: z.string() });

const systemResultSchema = z.strictObject({
  kind: z.string(),
  engine: z.string(),
  device: z.string(),
  settings: z.record(z.string(), z.unknown()),
  processes: z.array(z.string()),
  cpus: z.array(z.number().int()).nullable(),
  build: z.strictObject({ seconds: z.number(), bytes: z.number(), cached: z.boolean() }),
});

const machineSchema = z.strictObject({
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
const fingerprintSchema = z.strictObject({
  /** What is asked: every field of the scenario, and of which systems. */
  scenario: z.string(),
  /** Data set, requests and traces. */
  data: z.string(),
  /** The program that measures, Node, and every package it stands on. */
  code: z.string(),
  /** Class, operating system, governor, and which CPUs are whose. */
  machine: z.string(),
});

/** The result of a run, as result.json holds it. Fields may be added, never renamed. */
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
