import { isDeepStrictEqual } from "node:util";
import { HarnessError } from "../errors.ts";
import type { Result } from "../result/schema.ts";

/** What two results must have alike before a number of one may be held against the other's. */
export interface Comparable extends Pick<
  Result,
  "scenario" | "machine" | "dataset" | "model" | "seeds"
> {
  readonly systems: Readonly<Record<string, { readonly cpus: readonly number[] | null }>>;
}

/**
 * Refuses a reference of another question: scenario, machine class, data, requests, model, load or
 * CPUs. What a change is about, such as settings, versions and code, may differ.
 * @throws HarnessError DATA that names every difference.
 */
export function checkComparable(result: Comparable, reference: Comparable): void {
  const found = questionDifferences(result, reference);
  if (found.length === 0) return;
  throw new HarnessError("DATA", `the reference answers another question: ${found.join("; ")}`, {
    hint: "measure a reference for this one and keep it with --update-reference",
  });
}

/** In words, what of the question differs: empty where numbers may be compared. */
export function questionDifferences(result: Comparable, reference: Comparable): string[] {
  const found: string[] = [];
  const compare = (what: string, of: (side: Comparable) => unknown): void => {
    const [now, then] = [of(result), of(reference)];
    if (!isDeepStrictEqual(now, then)) found.push(`${what} ${shown(now)}, there ${shown(then)}`);
  };
  compare("scenario", ({ scenario }) => scenario.name);
  compare("machine class", ({ machine }) => machine.class);
  compare("data set hash", ({ dataset }) => dataset.hash);
  compare("k", ({ dataset }) => dataset.k);
  compare("distinct requests", ({ dataset }) => dataset.requests);
  compare("filters", ({ dataset }) =>
    dataset.filters.map(({ template, weight }) => [template, weight]),
  );
  compare("model", ({ model }) => model);
  compare("recall target", ({ scenario }) => scenario.recallTarget);
  compare("objective", ({ scenario }) => scenario.slo);
  compare("headline load", ({ scenario }) => scenario.headlineLoad);
  for (const seed of ["requests", "model"]) compare(`seed of ${seed}`, ({ seeds }) => seeds[seed]);
  for (const load of sharedKeys(result.scenario.loads, reference.scenario.loads)) {
    compare(`load ${load}`, ({ scenario }) => scenario.loads[load]);
  }
  for (const system of sharedKeys(result.systems, reference.systems)) {
    compare(`CPUs of ${system}`, ({ systems }) => systems[system]!.cpus?.length ?? "any");
  }
  return found;
}

/** What is in both: what one side lacks is judged as missing, not as different. */
function sharedKeys(a: object, b: object): string[] {
  return Object.keys(a).filter((key) => Object.hasOwn(b, key));
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
