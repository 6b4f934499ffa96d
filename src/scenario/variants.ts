import { HarnessError } from "../errors.ts";
import { didYouMean } from "../nearest-word.ts";
import { fieldsAt } from "./schema-fields.ts";
import type { Scenario, SystemSpec } from "./schema.ts";
import {
  delaySettings,
  indexAsModelSettings,
  meshSettings,
  nullSettings,
  remoteSettings,
} from "./settings.ts";

/** The same tuning budget for every system: more variants than this are refused. */
export const MAX_VARIANTS = 10;

const SETTINGS = {
  mesh: meshSettings,
  "index-as-model": indexAsModelSettings,
  remote: remoteSettings,
  null: nullSettings,
  delay: delaySettings,
} as const;

/** One setting of the knobs a system's sweep turns. */
export interface Variant<Settings = SystemSpec["settings"]> {
  /** `index.expansionSearch=128,maxBatch=1`; "" where nothing is swept. */
  readonly label: string;
  /** All settings, defaults filled in. */
  readonly settings: Settings;
}

/**
 * The cross product of a system's sweep, in the order of the scenario. Names are paths into the
 * settings (`index.expansionSearch`), or of a group of them (`index`), whose values are then whole
 * groups: what they leave out has its default.
 * @throws HarnessError BAD_INPUT if a name or value is not one of the kind's settings, or there are
 *   more than {@link MAX_VARIANTS}.
 */
export function expandVariants<Spec extends Scenario["systems"][string]>(
  spec: Spec,
): Variant<Spec["settings"]>[] {
  const knobs = Object.entries(spec.sweep);
  const size = knobs.reduce((product, [, values]) => product * values.length, 1);
  if (size > MAX_VARIANTS) {
    throw new HarnessError(
      "BAD_INPUT",
      `expected at most ${MAX_VARIANTS} variants, came ${size} (${knobs.map(([name, values]) => `${values.length} of ${name}`).join(" x ")})`,
    );
  }
  let picks: [name: string, value: unknown][][] = [[]];
  for (const [name, values] of knobs) {
    picks = picks.flatMap((pick) =>
      values.map((value) => [...pick, [name, value] as [string, unknown]]),
    );
  }
  return picks.map((pick) => ({
    label: pick.flatMap(([name, value]) => words(name, value)).join(","),
    settings: pick.reduce<Spec["settings"]>(
      (settings, [name, value]) => withSetting(spec.kind, settings, name, value),
      spec.settings,
    ),
  }));
}

/** `name=value`, a word a field where a value is a whole group of settings. */
function words(name: string, value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [`${name}=${String(value)}`];
  return Object.entries(value).flatMap(([field, own]) => words(`${name}.${field}`, own));
}

/** The same; none where the sweep is a mistake itself. */
export function soundVariants<Spec extends Scenario["systems"][string]>(
  spec: Spec,
): Variant<Spec["settings"]>[] {
  try {
    return expandVariants(spec);
  } catch {
    return [];
  }
}

/**
 * Settings with one of them changed, checked by the kind's schema.
 * @throws HarnessError BAD_INPUT naming what is wrong.
 */
export function withSetting<Settings extends SystemSpec["settings"]>(
  kind: SystemSpec["kind"],
  settings: Settings,
  name: string,
  value: unknown,
): Settings {
  const schema = SETTINGS[kind];
  const path = name.split(".");
  const known = fieldsAt(schema, path.slice(0, -1), settings) ?? [];
  const last = path.at(-1)!;
  if (!known.includes(last)) {
    const paths = settingPaths(settings);
    throw new HarnessError(
      "BAD_INPUT",
      `"${name}" is not a setting of a system of kind ${kind}${didYouMean(name, paths) || `; known: ${paths.join(", ")}`}`,
    );
  }
  const changed = structuredClone(settings) as Record<string, unknown>;
  let parent = changed;
  for (const segment of path.slice(0, -1)) parent = parent[segment] as Record<string, unknown>;
  parent[last] = value;
  const parsed = schema.safeParse(changed);
  if (parsed.success) return parsed.data as Settings;
  const reason = parsed.error.issues.map((issue) => issue.message).join("; ");
  throw new HarnessError("BAD_INPUT", `${name} = ${JSON.stringify(value)} is refused: ${reason}`);
}

/** Paths of all settings, as `sweep` and `--set` name them. */
export function settingPaths(settings: object, prefix = ""): string[] {
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? settingPaths(value, `${prefix}${name}.`)
      : [`${prefix}${name}`],
  );
}
