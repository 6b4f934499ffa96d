import { didYouMean } from "../nearest-word.ts";
import type { SoundSections } from "./consistency.ts";
import { type FaultSpec, HARMABLE } from "./fault-schema.ts";
import type { Mistake } from "./mistake.ts";
import type { ScenarioSource } from "./scenario-source.ts";
import type { Scenario } from "./schema.ts";

type Load = Scenario["loads"][string];

/** What `faults` say that their system or load cannot do. */
export function faultMistakes(source: ScenarioSource, sections: SoundSections): Mistake[] {
  const { faults = [], systems = {}, loads = {}, systemNames, loadNames } = sections;
  return faults.flatMap((fault, index) => {
    const mistake = (field: keyof FaultSpec, text: string): Mistake =>
      source.mistake(["faults", index, field], text);
    const { system, load } = fault;
    if (!systemNames.includes(system)) {
      return [mistake("system", unknown("system", system, systemNames))];
    }
    if (load !== undefined && !loadNames.includes(load)) {
      return [mistake("load", unknown("load", load, loadNames))];
    }
    const spec = systems[system];
    const wrong = spec === undefined ? null : misfit(fault, spec.kind);
    if (wrong !== null) return [mistake("service", wrong)];
    return Object.entries(loads).flatMap(([name, own]) => {
      if (load !== undefined && load !== name) return [];
      const length = secondsOf(own);
      if (length === null) {
        return load === undefined
          ? []
          : [mistake("load", `a load of the shape ${own.shape} has no time at which to harm`)];
      }
      if (fault.at + fault.seconds < length) return [];
      return [
        mistake(
          "at",
          `${fault.at} s and ${fault.seconds} s more must be less than the ${length} s of the load "${name}"`,
        ),
      ];
    });
  });
}

function unknown(noun: string, name: string, known: readonly string[]): string {
  return `no ${noun} is named "${name}"${didYouMean(name, known) || `; the ${noun}s are ${known.join(", ")}`}`;
}

/** Why a kind of system has not such a fault; null: it has. */
function misfit({ service }: FaultSpec, system: string): string | null {
  if (system !== "mesh" && system !== "index-as-model") {
    return `a system of the kind ${system} is not ours to harm`;
  }
  const own: readonly string[] = HARMABLE[system];
  return own.includes(service) ? null : `a system of the kind ${system} has ${own.join(", ")}`;
}

/** How long a load is measured at a time; null where that is not known, or it is cut in parts. */
export function secondsOf(load: Load): number | null {
  return load.shape === "closed" || load.shape === "server" || load.shape === "multi-stream"
    ? load.seconds
    : null;
}
