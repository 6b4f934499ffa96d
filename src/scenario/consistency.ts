import { HarnessError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import { caught } from "./caught.ts";
import { faultMistakes } from "./fault-consistency.ts";
import { generatedMistakes } from "./generated-consistency.ts";
import { loadMistakes } from "./load-consistency.ts";
import type { Mistake } from "./mistake.ts";
import { modelMistakes } from "./model-consistency.ts";
import type { Scenario } from "./schema.ts";
import { loadSpec } from "./load-schema.ts";
import { scenarioSchema, systemSpec } from "./schema.ts";
import type { ScenarioSource } from "./scenario-source.ts";
import type { IndexAsModelSettings } from "./settings.ts";
import { expandVariants, soundVariants } from "./variants.ts";

/** What of a scenario is sound by itself, and so can be compared. */
export interface SoundSections extends Partial<Scenario> {
  /** Names of all systems and loads, sound or not; the sound ones are in `systems` and `loads`. */
  readonly systemNames: readonly string[];
  readonly loadNames: readonly string[];
  /** Filter templates by position, whatever else is wrong with the requests; null where it is no text. */
  readonly templates: readonly (string | null)[];
  /** Text of the Value Model, whatever else is wrong with the model; null where it is no text. */
  readonly formula: string | null;
}

/** The sections, and of systems and loads the entries, that the schema accepts. */
export function soundSections(value: unknown): SoundSections {
  const raw = value as Record<string, unknown>;
  const sound: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(scenarioSchema.shape)) {
    const parsed = schema.safeParse(raw[name]);
    if (parsed.success) sound[name] = parsed.data;
  }
  for (const [name, schema] of Object.entries({ systems: systemSpec, loads: loadSpec })) {
    const entries = Object.entries(raw[name] ?? {}).flatMap(([key, entry]) => {
      const parsed = schema.safeParse(entry);
      return parsed.success ? [[key, parsed.data] as const] : [];
    });
    sound[name] = Object.fromEntries(entries);
  }
  return {
    ...sound,
    systemNames: namesOf(raw["systems"]),
    loadNames: namesOf(raw["loads"]),
    templates: templatesOf(raw["requests"]),
    formula: formulaOf(raw["model"]),
  };
}

function formulaOf(model: unknown): string | null {
  const { value } = (model ?? {}) as { value?: unknown };
  return typeof value === "string" ? value : null;
}

function templatesOf(requests: unknown): (string | null)[] {
  const { filters } = (requests ?? {}) as { filters?: unknown };
  if (!Array.isArray(filters)) return [];
  return filters.map((filter: { template?: unknown } | null) =>
    typeof filter?.template === "string" ? filter.template : null,
  );
}

function namesOf(section: unknown): string[] {
  return typeof section === "object" && section !== null ? Object.keys(section) : [];
}

/** What of a scenario a gate expression speaks of. */
export interface GateNames {
  readonly systems: readonly string[];
  readonly loads: readonly string[];
}

/**
 * Reads a gate expression and says what it names.
 * @throws HarnessError BAD_INPUT if it is not one.
 */
export type CheckGate = (expression: string) => GateNames;

/** What contradicts itself between fields that are each sound alone. */
export function inconsistencies(
  source: ScenarioSource,
  sections: SoundSections,
  checkGate: CheckGate | undefined,
): Mistake[] {
  return [
    ...loadMistakes(source, sections),
    ...faultMistakes(source, sections),
    ...modelMistakes(source, sections),
    ...requestMistakes(source, sections),
    ...filterMistakes(source, sections),
    ...sweepMistakes(source, sections),
    ...engineMistakes(source, sections),
    ...generatedMistakes(source, sections),
    ...(checkGate === undefined ? [] : gateMistakes(source, sections, checkGate)),
  ];
}

function requestMistakes(
  source: ScenarioSource,
  { dataset, requests, faults }: SoundSections,
): Mistake[] {
  if (requests === undefined) return [];
  const mistakes = scoredMistakes(source, requests, faults);
  if (dataset === undefined || dataset.kind === "folder") return mistakes;
  const { items } = dataset;
  if (items === undefined) return mistakes;
  for (const field of ["k", "exclude"] as const) {
    if (requests[field] <= items) continue;
    const text = `must be at most dataset.items = ${items}, came ${requests[field]}`;
    mistakes.push(source.mistake(["requests", field], text));
  }
  return mistakes;
}

/** Whether a sample that is scored is one, and whether a sample will do. */
function scoredMistakes(
  source: ScenarioSource,
  { scored, distinct }: Scenario["requests"],
  faults: Scenario["faults"] | undefined,
): Mistake[] {
  if (scored === undefined) return [];
  const wrong = (text: string): Mistake[] => [source.mistake(["requests", "scored"], text)];
  if (scored > distinct) {
    return wrong(`must be at most requests.distinct = ${distinct}, came ${scored}`);
  }
  if (scored === distinct || (faults ?? []).length === 0) return [];
  return wrong(`where faults are measured every answer is scored, came ${scored} of ${distinct}`);
}

function filterMistakes(source: ScenarioSource, { templates }: SoundSections): Mistake[] {
  return templates.flatMap((template, index) => {
    if (template === null) return [];
    // A digit stands wherever a placeholder may: as a value and as a number. The length is kept,
    // so that positions in messages fit the template.
    const example = template.replaceAll(/\{[^{}]*\}/g, (placeholder) =>
      "1".repeat(placeholder.length),
    );
    return caught(source, ["requests", "filters", index, "template"], () => parseFilter(example));
  });
}

function sweepMistakes(source: ScenarioSource, { systems }: SoundSections): Mistake[] {
  return Object.entries(systems ?? {}).flatMap(([name, spec]) =>
    caught(source, ["systems", name, "sweep"], () => expandVariants(spec)),
  );
}

/** What an engine cannot do with the precisions it is given. */
function engineMistakes(source: ScenarioSource, { systems, model }: SoundSections): Mistake[] {
  return Object.entries(systems ?? {}).flatMap(([name, spec]) => {
    if (spec.kind !== "index-as-model") return [];
    return caught(source, ["systems", name, "settings"], () => {
      for (const { label, settings } of soundVariants(spec)) {
        const mistake = precisionMistake(settings, model);
        if (mistake === null) continue;
        const which = label === "" ? "" : ` (in the variant ${label})`;
        throw new HarnessError("BAD_INPUT", `${mistake}${which}`);
      }
    });
  });
}

function precisionMistake(
  { engine, precision, cachePrecision }: IndexAsModelSettings,
  model: Scenario["model"] | undefined,
): string | null {
  if (engine === "fused" && precision !== "int8") {
    return `engine: fused needs precision: int8, came ${precision}`;
  }
  if (cachePrecision === "float32") return null;
  if (engine !== "fused") {
    return `cachePrecision: ${cachePrecision} needs engine: fused; engine: ${engine} keeps its cache in float32`;
  }
  if (model?.overarch === "none") {
    return `cachePrecision: ${cachePrecision} needs a model with an OverArch; without one nothing is cached`;
  }
  return null;
}

function gateMistakes(
  source: ScenarioSource,
  { gate, systemNames, loadNames }: SoundSections,
  checkGate: CheckGate,
): Mistake[] {
  return (gate ?? []).flatMap((expression, index) =>
    caught(source, ["gate", index], () => {
      const names = checkGate(expression);
      demandKnown("system", names.systems, systemNames);
      demandKnown("load", names.loads, loadNames);
    }),
  );
}

function demandKnown(noun: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const hint = didYouMean(unknown, known) || `; the ${noun}s are ${known.join(", ")}`;
  throw new HarnessError("BAD_INPUT", `no ${noun} is named "${unknown}"${hint}`);
}
