import { isDeepStrictEqual } from "node:util";
import { measuredSystems } from "../result/role.ts";
import type { Result } from "../result/schema.ts";

/** Something around the numbers that is not the same in two runs, each side in words. */
export interface RunDifference {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

/** Versions, machine, rounds and settings that differ: what may explain that numbers do. */
export function runDifferences(before: Result, after: Result): RunDifference[] {
  const found: RunDifference[] = [];
  const compare = (what: string, then: unknown, now: unknown): void => {
    if (isDeepStrictEqual(then, now)) return;
    found.push({ what, before: shown(then), after: shown(now) });
  };
  compare("silverbench", before.silverbench, after.silverbench);
  for (const fact of ["cpu", "cores", "gpu", "os", "node", "governor"] as const) {
    compare(fact, before.machine[fact], after.machine[fact]);
  }
  const packages = { ...before.machine.packages, ...after.machine.packages };
  for (const name of Object.keys(packages).toSorted()) {
    compare(name, before.machine.packages[name], after.machine.packages[name]);
  }
  compare("rounds", before.scenario.rounds, after.scenario.rounds);
  for (const system of measuredSystems(after)) {
    const [then, now] = [before.systems[system], after.systems[system]];
    if (then === undefined || now === undefined) continue;
    for (const field of ["kind", "engine", "device"] as const) {
      compare(`${system} ${field}`, then[field], now[field]);
    }
    for (const name of new Set([...Object.keys(then.settings), ...Object.keys(now.settings)])) {
      compare(`${system} ${name}`, then.settings[name], now.settings[name]);
    }
  }
  return found;
}

const shown = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
