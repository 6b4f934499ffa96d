import { parseArgs } from "node:util";

/** What the proof sends, and to how large an index; all of it is told in its output. */
export interface SoakSize {
  readonly requests: number;
  readonly items: number;
  readonly dim: number;
  /** Requests of a batch, and batches under way at once. */
  readonly batch: number;
  readonly inFlight: number;
  /** The largest k, and places of a head's list. */
  readonly k: number;
  readonly probes: number;
  readonly heads: number;
  /** How candidates are ranked: by what an OverArch and a formula make of them, or by the score. */
  readonly rank: "mol" | "score";
  /** Whether a processor that plays a GPU will do. */
  readonly software: boolean;
}

const USUAL = {
  requests: 1_000_000,
  items: 20_000,
  dim: 64,
  batch: 256,
  "in-flight": 4,
  k: 300,
  probes: 16,
  heads: 2,
};

/** From the command line: `--name value`. @throws Error on an option that there is not, or no number. */
export function soakSize(args: readonly string[]): SoakSize {
  const numbers = Object.keys(USUAL).map((name) => [name, { type: "string" }] as const);
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(numbers),
      rank: { type: "string", default: "mol" },
      software: { type: "boolean", default: false },
    },
  });
  if (values.rank !== "mol" && values.rank !== "score")
    throw new Error("--rank takes mol or score");
  const of = (name: keyof typeof USUAL): number => {
    const given = Number((values as Record<string, unknown>)[name] ?? USUAL[name]);
    if (Number.isInteger(given) && given > 0) return given;
    throw new Error(`--${name} takes a whole number above zero`);
  };
  return {
    requests: of("requests"),
    items: of("items"),
    dim: of("dim"),
    batch: of("batch"),
    inFlight: of("in-flight"),
    k: of("k"),
    probes: of("probes"),
    heads: of("heads"),
    rank: values.rank,
    software: values.software,
  };
}
