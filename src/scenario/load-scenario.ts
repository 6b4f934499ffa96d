import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { HarnessError } from "../errors.ts";
import { inconsistencies, soundSections } from "./consistency.ts";
import { throwMistakes } from "./mistake.ts";
import type { ScenarioOverrides } from "./overrides.ts";
import { applyOverrides, selectSystems } from "./overrides.ts";
import type { Scenario } from "./schema.ts";
import { scenarioSchema } from "./schema.ts";
import { schemaMistakes } from "./schema-mistakes.ts";
import { ScenarioSource } from "./scenario-source.ts";
import { shippedFolder } from "./shipped-folder.ts";

/** A scenario that was found sound. */
export interface LoadedScenario {
  /** Every default filled in; the path of a dataset folder made absolute. */
  readonly scenario: Scenario;
  /** YAML that gives the same scenario: the file's text, with the command line's changes in it. */
  readonly text: string;
  /** Absolute path of the file. */
  readonly path: string;
  /** sha256 of what the scenario says, whatever its comments, order of fields and place on disk. */
  readonly hash: string;
  /** Absolute path of the price sheet: beside the scenario, else the shipped one of that name. */
  readonly pricesPath: string;
  /** Gate expressions that `systems` made pointless. */
  readonly leftOut: readonly string[];
}

/**
 * Reads a scenario file and reports every mistake in it at once, each with file, line and column.
 * @throws HarnessError BAD_INPUT listing all mistakes, or naming the file that is not there.
 */
export async function loadScenario(
  path: string,
  overrides: ScenarioOverrides = {},
): Promise<LoadedScenario> {
  const file = relative(process.cwd(), path).startsWith("..")
    ? resolve(path)
    : relative(process.cwd(), path);
  const source = new ScenarioSource(file, await readText(path, file));
  const syntax = source.syntaxMistakes();
  if (!source.isReadable) throwMistakes(file, syntax);
  applyOverrides(source, overrides);
  const original = checkedRoot(source);
  const mistakes = [...syntax];
  const leftOut = selectSystems(source, original, overrides, mistakes);

  const value = source.value();
  const sections = soundSections(value);
  const pricesPath = await findPrices(path, sections.prices ?? "");
  mistakes.push(
    ...schemaMistakes(source, scenarioSchema, value),
    ...inconsistencies(source, sections, overrides.checkGate),
  );
  if (sections.prices !== undefined && pricesPath === null) {
    mistakes.push(
      source.mistake(["prices"], `no price sheet at ${resolve(dirname(path), sections.prices)}`),
    );
  }
  if (mistakes.length > 0 || pricesPath === null) throwMistakes(file, mistakes);

  const scenario = scenarioSchema.parse(value);
  const hash = createHash("sha256").update(canonical(scenario)).digest("hex");
  return {
    scenario: withAbsoluteFolder(scenario, dirname(path)),
    text: source.text,
    path: resolve(path),
    hash,
    pricesPath,
    leftOut,
  };
}

async function readText(path: string, file: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HarnessError("BAD_INPUT", `no scenario can be read at ${file}`, {
      cause,
      hint: "`silverbench list` shows what is there; `silverbench init` writes a new one",
    });
  }
}

/** The scenario's fields; a file without any (empty, a list, a text) is refused as a whole. */
function checkedRoot(source: ScenarioSource): Readonly<Record<string, unknown>> {
  const root = source.value();
  if (typeof root === "object" && root !== null && !Array.isArray(root)) {
    return root as Record<string, unknown>;
  }
  const came = root === null || root === undefined ? "an empty file" : typeof root;
  return throwMistakes(source.file, [
    source.mistake(
      [],
      `expected the fields of a scenario (schema, name, dataset, ..), came ${came}`,
    ),
  ]);
}

/** The price sheet beside the scenario, or the shipped one of that name; null if there is none. */
async function findPrices(path: string, prices: string): Promise<string | null> {
  for (const folder of [dirname(path), shippedFolder()]) {
    const candidate = resolve(folder, prices);
    const isThere = await access(candidate).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return null;
}

function withAbsoluteFolder(scenario: Scenario, folder: string): Scenario {
  if (scenario.dataset.kind !== "folder") return scenario;
  return {
    ...scenario,
    dataset: { ...scenario.dataset, path: resolve(folder, scenario.dataset.path) },
  };
}

/** JSON with sorted keys: equal scenarios give equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === "object" && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
