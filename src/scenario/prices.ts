import { readFile } from "node:fs/promises";
import { z } from "zod";
import { HarnessError } from "../errors.ts";
import { throwMistakes } from "./mistake.ts";
import type { Mistake } from "./mistake.ts";
import { ScenarioSource } from "./scenario-source.ts";
import { schemaMistakes } from "./schema-mistakes.ts";

const positive = z.number().positive();

const gpus = z.strictObject({
  count: z.number().int().min(1),
  model: z.string().min(1),
  memoryGiB: positive,
  /** Shape of this sheet that is the same host without GPUs: the difference is the GPUs' price. */
  hostShape: z.string().min(1).optional(),
});

const shape = z.strictObject({
  /** As the seller calls it. */
  name: z.string().min(1),
  vcpus: z.number().int().min(1),
  memoryGiB: positive,
  gpus: gpus.nullable().default(null),
  dollarsPerHour: positive,
  note: z.string().default(""),
});

/** What a fleet is planned for where nothing else is stated: the same for every system. */
const plan = z.strictObject({
  requestsPerSecond: positive.default(10_000),
  /** Share of a machine's measured capacity that stays free, for peaks and for growth. */
  headRoom: z.number().min(0).lt(1).default(0.3),
  /** Machines beyond those that carry the load, so that one may fail or be replaced. */
  spares: z.number().int().min(0).default(1),
});

const priceSheetSchema = z.strictObject({
  schema: z.literal("silverbench.prices/1"),
  name: z.string().min(1),
  /** Where the prices were read, so that a reader can check them. */
  source: z.string().min(1),
  /** Day the prices were true, YYYY-MM-DD. */
  date: z.iso.date("a date like 2026-11-22"),
  region: z.string().default(""),
  /** True: the shapes are made up to show the method; the report then says so. */
  example: z.boolean().default(false),
  plan: plan.prefault({}),
  shapes: z.array(shape).min(1),
});

/** What machines cost: shapes with vCPUs, memory (GiB), GPUs and dollars an hour. */
export type PriceSheet = z.output<typeof priceSheetSchema>;
export type MachineShape = PriceSheet["shapes"][number];
export type FleetPlan = PriceSheet["plan"];

/**
 * Reads a price sheet (YAML, schema silverbench.prices/1).
 * @throws HarnessError DATA if the file cannot be read, BAD_INPUT listing every mistake with its line.
 */
export async function loadPrices(path: string): Promise<PriceSheet> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new HarnessError("DATA", `the price sheet ${path} cannot be read`, {
      cause,
      hint: "name a sheet with `prices:` in the scenario; scenarios/prices/ has some",
    });
  }
  return parsePrices(text, path);
}

/**
 * @param file name as messages show it.
 * @throws HarnessError BAD_INPUT listing every mistake with its line.
 */
export function parsePrices(text: string, file: string): PriceSheet {
  const source = new ScenarioSource(file, text);
  const mistakes = source.syntaxMistakes();
  if (!source.isReadable) throwMistakes(file, mistakes);
  const value = source.value();
  mistakes.push(...schemaMistakes(source, priceSheetSchema, value));
  const parsed = priceSheetSchema.safeParse(value);
  if (parsed.success) {
    mistakes.push(...repeatedNames(source, parsed.data), ...strangeHosts(source, parsed.data));
  }
  if (mistakes.length > 0 || !parsed.success) throwMistakes(file, mistakes);
  return parsed.data;
}

function repeatedNames(source: ScenarioSource, sheet: PriceSheet): Mistake[] {
  const names = sheet.shapes.map(({ name }) => name);
  return names.flatMap((name, position) =>
    names.indexOf(name) === position
      ? []
      : [source.mistake(["shapes", position, "name"], `${name} is listed twice; keep one of them`)],
  );
}

/** A host must be on the sheet, without GPUs and cheaper, or the GPUs' price makes no sense. */
function strangeHosts(source: ScenarioSource, { shapes }: PriceSheet): Mistake[] {
  return shapes.flatMap(({ gpus: own, dollarsPerHour }, position) => {
    const hostShape = own?.hostShape;
    if (hostShape === undefined) return [];
    const host = shapes.find(({ name }) => name === hostShape);
    const isSound = host?.gpus === null && host.dollarsPerHour < dollarsPerHour;
    const message = `hostShape: expected a cheaper shape of this sheet without GPUs, came "${hostShape}"`;
    return isSound ? [] : [source.mistake(["shapes", position, "gpus", "hostShape"], message)];
  });
}
