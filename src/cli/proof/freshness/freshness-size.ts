import { parseArgs } from "node:util";
import { HarnessError } from "../../../errors.ts";

const MODELS = ["score", "mol"] as const;

/** What is measured; all of it is told in the proof's output. */
export interface FreshnessSize {
  readonly items: number;
  /** Of an item's vector. */
  readonly dim: number;
  /** It ends after so many. */
  readonly folds: number;
  /** Of a round. */
  readonly seconds: number;
  readonly model: (typeof MODELS)[number];
  /** CPUs that the model has, and its folds; the load has the others. */
  readonly cpus: number;
  readonly inFlight: number;
  /** Updates after which it is measured what changes cost, without folds; empty: it is measured until FOLDS. */
  readonly standing: readonly number[];
  /** Of the index-as-model, as they stand in a scenario. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** More changes than will ever come. */
const NEVER = 2 ** 30;

/** Settings that can be given, by their option. */
const SETTINGS = {
  engine: "engine",
  device: "device",
  precision: "precision",
  nlist: "nlist",
  probes: "nprobe",
  "max-batch": "maxBatch",
  "door-workers": "doorWorkers",
  "fold-after": "foldAfter",
} as const;

/** @throws HarnessError BAD_INPUT on an option that there is not, or a value that it does not take. */
export function freshnessSize(args: readonly string[]): FreshnessSize {
  const { values, positionals } = parsed(args);
  const [items = "200000", folds = "2", seconds = "4", model = "score"] = positionals;
  const known = MODELS.find((name) => name === model);
  if (known === undefined) throw refused("MODEL", `${MODELS.join(" or ")}, came ${model}`);
  const settings = Object.entries(SETTINGS).flatMap(([option, setting]) => {
    const value = (values as Record<string, string | boolean | undefined>)[option];
    return typeof value === "string" ? [[setting, numberOr(value)] as const] : [];
  });
  if (values.standing !== undefined && "fold-after" in values) {
    throw refused("--standing", "no --fold-after beside it, for it is measured without folds");
  }
  const standing =
    values.standing === undefined
      ? []
      : values.standing.split(",").map((text) => whole("--standing", text));
  return {
    items: whole("ITEMS", items),
    dim: whole("--dim", values.dim),
    folds: whole("FOLDS", folds),
    seconds: whole("SECONDS", seconds),
    model: known,
    cpus: whole("--cpus", values.cpus),
    inFlight: whole("--in-flight", values["in-flight"]),
    standing,
    settings: {
      ...Object.fromEntries(settings),
      ...(standing.length === 0 ? {} : { foldAfter: NEVER }),
      allowSoftware: values.software,
    },
  };
}

function parsed(args: readonly string[]) {
  const named = Object.keys(SETTINGS).map((name) => [name, { type: "string" }] as const);
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...Object.fromEntries(named),
        dim: { type: "string", default: "64" },
        cpus: { type: "string", default: "1" },
        "in-flight": { type: "string", default: "64" },
        standing: { type: "string" },
        software: { type: "boolean", default: false },
      },
    });
  } catch (cause) {
    throw new HarnessError("BAD_INPUT", (cause as Error).message, { cause });
  }
}

const numberOr = (text: string): string | number => (/^\d+$/.test(text) ? Number(text) : text);

function whole(name: string, text: string): number {
  const given = Number(text);
  if (Number.isInteger(given) && given > 0) return given;
  throw refused(name, `a whole number above zero, came ${text}`);
}

const refused = (name: string, expected: string): HarnessError =>
  new HarnessError("BAD_INPUT", `${name}: expected ${expected}`);
