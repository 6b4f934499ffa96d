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
  shapes: z.array(shape).min(1),
});

/** What machines cost: shapes with vCPUs, memory (GiB), GPUs and dollars an hour. */
export type PriceSheet = z.output<typeof priceSheetSchema>;
export type MachineShape = PriceSheet["shapes"][number];

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
  if (parsed.success) mistakes.push(...repeatedNames(source, parsed.data));
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
