/** What the benchmark runs, from its command line: `--name value`. */
export interface BenchSize {
  readonly clusters: number;
  readonly width: number;
  readonly dim: number;
  readonly heads: number;
  readonly rows: number;
  readonly probes: number;
  readonly k: number;
  readonly batches: readonly number[];
  readonly filters: readonly string[];
  /** Batches of a pass at least, and how many passes are timed. */
  readonly repeats: number;
  readonly passes: number;
  /** How many batches are under way at once: each number is tried, the fastest counts. */
  readonly lanes: readonly number[];
  /** What the filter that many pass is to reach, with as many probes as that takes. */
  readonly recall: number;
  /** Threads of a selection; undefined: as is usual. */
  readonly selectThreads: number | undefined;
  /** Whether pairs may be chained by cluster; else they are sorted (kernels/search/group-pairs.ts). */
  readonly mayChain: boolean;
  readonly allowSoftware: boolean;
  /** Results of Meta's ops, of this host and hour (beside.ts); null: none to be held against. */
  readonly beside: string | null;
}

const NUMBERS = {
  clusters: 4096,
  width: 2432,
  dim: 128,
  heads: 1,
  rows: 609,
  probes: 24,
  k: 1024,
  repeats: 100,
  passes: 7,
  recall: 0.9,
};

/** 10 million items unless told otherwise. @throws Error on an option that there is not. */
export function benchSize(args: readonly string[]): BenchSize {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at]!.replace(/^--/, "");
    if (!OPTIONS.includes(name)) {
      throw new Error(`there is no option ${args[at]}; there are --${OPTIONS.join(", --")}`);
    }
    given.set(name, args[at + 1] ?? "");
  }
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, usual]) => [name, Number(given.get(name) ?? usual)]),
  ) as typeof NUMBERS;
  return {
    ...numbers,
    batches: (given.get("batches") ?? "1,64,256,1024").split(",").map(Number),
    lanes: (given.get("lanes") ?? "3,6,12").split(",").map(Number),
    filters: (given.get("filters") ?? "none,narrow,wide").split(","),
    selectThreads: Number(given.get("select-threads")) || undefined,
    mayChain: oneOf(given, "chains", ["yes", "no"]) !== "no",
    allowSoftware: given.get("software") === "yes",
    beside: given.get("beside") ?? null,
  };
}

/** @throws Error on a value that there is not. */
function oneOf<Value extends string>(
  given: ReadonlyMap<string, string>,
  option: string,
  values: readonly Value[],
): Value | undefined {
  const value = given.get(option);
  const found = values.find((each) => each === value);
  if (value !== undefined && found === undefined) {
    throw new Error(`--${option} ${value}: it must be ${values.join(" or ")}`);
  }
  return found;
}

const OPTIONS = [
  ...Object.keys(NUMBERS),
  "batches",
  "lanes",
  "filters",
  "select-threads",
  "chains",
  "software",
  "beside",
];
