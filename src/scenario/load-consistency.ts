import { didYouMean } from "../nearest-word.ts";
import type { Mistake } from "./mistake.ts";
import type { ScenarioSource } from "./scenario-source.ts";
import type { Scenario } from "./schema.ts";

/** What of a scenario its loads are checked by. */
export interface LoadSections {
  readonly headline?: Scenario["headline"];
  /** Those that are sound. */
  readonly loads?: Scenario["loads"];
  readonly loadNames: readonly string[];
  readonly requests?: Scenario["requests"];
  readonly updates?: Scenario["updates"];
  readonly faults?: Scenario["faults"];
  readonly systems?: Scenario["systems"];
  readonly systemNames: readonly string[];
}

/** What contradicts itself in the loads, and in the choice of the one that leads. */
export function loadMistakes(source: ScenarioSource, sections: LoadSections): Mistake[] {
  return [
    ...headlineMistakes(source, sections),
    ...burstMistakes(source, sections),
    ...filterNameMistakes(source, sections),
    ...updateMistakes(source, sections),
  ];
}

function headlineMistakes(
  source: ScenarioSource,
  { headline, loadNames, loads }: LoadSections,
): Mistake[] {
  if (headline?.load === undefined) return [];
  const path = ["headline", "load"];
  if (!loadNames.includes(headline.load)) {
    const hint = didYouMean(headline.load, loadNames) || `; the loads are ${loadNames.join(", ")}`;
    return [source.mistake(path, `no load is named "${headline.load}"${hint}`)];
  }
  if (loads?.[headline.load]?.shape !== "micro") return [];
  return [source.mistake(path, `"${headline.load}" is a micro load, which enters no comparison`)];
}

function burstMistakes(source: ScenarioSource, { loads }: LoadSections): Mistake[] {
  return Object.entries(loads ?? {}).flatMap(([name, load]) => {
    if (load.shape !== "server") return [];
    const { ratePerSecond: rate } = load;
    if (typeof rate === "number" || Array.isArray(rate) || !("burst" in rate)) return [];
    const { everySeconds, forSeconds } = rate.burst;
    if (forSeconds < everySeconds) return [];
    const path = ["loads", name, "ratePerSecond", "burst", "forSeconds"];
    const text = `must be less than everySeconds = ${everySeconds}, came ${forSeconds}`;
    return [source.mistake(path, text)];
  });
}

/** Names of filters are each other's, and a load asks only for those there are. */
function filterNameMistakes(source: ScenarioSource, { loads, requests }: LoadSections): Mistake[] {
  if (requests === undefined) return [];
  const names = requests.filters.map(({ name }) => name);
  const twice = names.flatMap((name, at) => {
    if (name === undefined || names.indexOf(name) === at) return [];
    return [source.mistake(["requests", "filters", at, "name"], `"${name}" is there twice`)];
  });
  const known = names.filter((name) => name !== undefined);
  const unknown = Object.entries(loads ?? {}).flatMap(([load, spec]) =>
    ("filters" in spec ? (spec.filters ?? []) : []).flatMap((name, at) => {
      if (known.includes(name)) return [];
      const others = known.length === 0 ? "; none has a name" : `; they are ${known.join(", ")}`;
      const text = `no filter is named "${name}"${didYouMean(name, known) || others}`;
      return [source.mistake(["loads", load, "filters", at], text)];
    }),
  );
  return [...twice, ...unknown];
}

/** Updates are for systems whose catalogue can change, under loads of one length and rate. */
function updateMistakes(
  source: ScenarioSource,
  { updates, faults = [], loads, systems, systemNames }: LoadSections,
): Mistake[] {
  if (updates === undefined) return [];
  const mistakes: Mistake[] = [];
  for (const [at, name] of (updates.systems ?? []).entries()) {
    const path = ["updates", "systems", at];
    if (!systemNames.includes(name)) {
      const hint = didYouMean(name, systemNames) || `; the systems are ${systemNames.join(", ")}`;
      mistakes.push(source.mistake(path, `no system is named "${name}"${hint}`));
    }
  }
  for (const [name, { kind }] of Object.entries(systems ?? {})) {
    const isMeant = updates.systems?.includes(name) ?? true;
    if (!isMeant || kind === "mesh" || kind === "index-as-model") continue;
    const text = `the catalogue of ${name}, a ${kind} system, cannot be changed; name others`;
    mistakes.push(source.mistake(["updates", "systems"], text));
  }
  for (const [name, system] of Object.entries(systems ?? {})) {
    if (!(updates.systems?.includes(name) ?? true) || !hasGateways(system)) continue;
    const path = ["systems", name, "settings", "replicas", "gateway"];
    const text = `several gateways take no updates: set it to 1, or leave "${name}" out of updates.systems`;
    mistakes.push(source.mistake(path, text));
  }
  if (faults.length > 0) {
    const text = "a scenario has updates or faults: what a service missed would count as its fault";
    mistakes.push(source.mistake(["updates"], text));
  }
  for (const [name, { shape }] of Object.entries(loads ?? {})) {
    if (shape !== "capacity") continue;
    const text = "a capacity search is not for a catalogue that changes; state a rate";
    mistakes.push(source.mistake(["loads", name, "shape"], text));
  }
  return mistakes;
}

const hasGateways = (system: Scenario["systems"][string]): boolean =>
  system.kind === "mesh" && system.settings.replicas.gateway > 1;
