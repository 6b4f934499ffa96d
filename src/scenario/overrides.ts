import { parse } from "yaml";
import { HarnessError } from "../errors.ts";
import type { CheckGate } from "./consistency.ts";
import type { Mistake } from "./mistake.ts";
import { FROM_COMMAND_LINE } from "./mistake.ts";
import { didYouMean } from "../nearest-word.ts";
import type { ScenarioSource } from "./scenario-source.ts";

/** What the command line changes in a scenario. */
export interface ScenarioOverrides {
  /** `path=value`, the value in YAML: `loads.closed.seconds=2`. */
  readonly set?: readonly string[];
  /** The five seeds become seed, seed + 1, .. seed + 4; so `1` gives the scenario's own defaults. */
  readonly seed?: number;
  readonly rounds?: number;
  /** Only these systems; gates that name another one are left out (`LoadedScenario.leftOut`). */
  readonly systems?: readonly string[];
  /** Reads the gate expressions; without it they are taken as they are. */
  readonly checkGate?: CheckGate;
}

const SEEDS = ["data", "requests", "model", "arrivals", "order"] as const;
/** The largest first seed, so that the five stay 32-bit. */
const MAX_SEED = 2 ** 32 - SEEDS.length;

/**
 * Sets what `--set`, `--rounds` and `--seed` ask for.
 * @throws HarnessError BAD_INPUT naming the flag.
 */
export function applyOverrides(
  source: ScenarioSource,
  { set = [], seed, rounds }: ScenarioOverrides,
): void {
  for (const assignment of set) {
    const flag = `--set ${assignment}`;
    const [, path, text] = /^([^=\s]+)=(.*)$/s.exec(assignment) ?? [];
    if (path === undefined || text === undefined) {
      throw new HarnessError(
        "BAD_INPUT",
        `${flag}: expected path=value, as in --set loads.closed.seconds=2`,
      );
    }
    source.set(path.split("."), parsedValue(text, flag), flag);
  }
  if (rounds !== undefined) source.set(["rounds"], rounds, "--rounds");
  if (seed === undefined) return;
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) {
    throw new HarnessError(
      "BAD_INPUT",
      `--seed: expected a whole number from 0 to ${MAX_SEED}, came ${seed}`,
    );
  }
  for (const [offset, name] of SEEDS.entries())
    source.set(["seeds", name], seed + offset, "--seed");
}

function parsedValue(text: string, flag: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new HarnessError("BAD_INPUT", `${flag}: the value is not YAML`, { cause });
  }
}

/** Takes the other systems out, and the gates that name them; says which gates those were. */
export function selectSystems(
  source: ScenarioSource,
  root: Readonly<Record<string, unknown>>,
  { systems: wanted, checkGate }: ScenarioOverrides,
  mistakes: Mistake[],
): string[] {
  if (wanted === undefined) return [];
  const all = root["systems"];
  const known = typeof all === "object" && all !== null ? Object.keys(all) : [];
  const unknown = wanted.filter((name) => !known.includes(name));
  for (const name of unknown) {
    const hint = didYouMean(name, known) || `; the systems are ${known.join(", ")}`;
    mistakes.push({
      where: "--system",
      offset: FROM_COMMAND_LINE,
      path: "",
      text: `no system is named "${name}"${hint}`,
    });
  }
  if (unknown.length > 0) return [];
  const dropped = known.filter((name) => !wanted.includes(name));
  for (const name of dropped) source.delete(["systems", name], "--system");
  const gates = Array.isArray(root["gate"]) ? root["gate"].map(String) : [];
  const isPointless = (gate: string): boolean =>
    (namedSystems(gate, checkGate) ?? []).some((name) => dropped.includes(name));
  const leftOut = gates.filter(isPointless);
  if (leftOut.length > 0) {
    const kept = gates.filter((gate) => !leftOut.includes(gate));
    source.set(["gate"], kept, "--system");
  }
  return leftOut;
}

function namedSystems(gate: string, checkGate: CheckGate | undefined): readonly string[] | null {
  try {
    return checkGate?.(gate).systems ?? null;
  } catch {
    return null; // reported with its line later
  }
}
