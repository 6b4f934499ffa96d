import { z } from "zod";
import { datasetSpec } from "./dataset-schema.ts";
import { faultSpec } from "./fault-schema.ts";
import { loadSpec } from "./load-schema.ts";
import { modelSpec } from "./model-schema.ts";
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

const name = z.string().regex(/^[a-z0-9][a-z0-9_-]*$/i, "letters, digits, - and _ only");

/** A scenario as a file has it. */
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
