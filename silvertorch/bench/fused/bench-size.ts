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
  /** Batches of a pass that is timed, how many are under way at once, and how many passes. */
  readonly repeats: number;
  readonly lanes: number;
  readonly passes: number;
  /** What the filter that many pass is to reach, with as many probes as that takes. */
  readonly recall: number;
  /** Threads of a selection. */
  readonly selectThreads: number;
  /** Whether copies of answers go with the batch after: engine/fused/held-copies.ts. */
  readonly holdsCopies: boolean;
  readonly allowSoftware: boolean;
}

const NUMBERS = {
  clusters: 4096,
  width: 2432,
  dim: 128,
  heads: 1,
  rows: 609,
  probes: 24,
  k: 1024,
  repeats: 300,
  lanes: 6,
  passes: 7,
  recall: 0.9,
  selectThreads: 512,
};

/** 10 million items unless told otherwise. @throws Error on an option that there is not. */
export function benchSize(args: readonly string[]): BenchSize {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at]!.replace(/^--/, "").replace("select-threads", "selectThreads");
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
    filters: (given.get("filters") ?? "none,narrow,wide").split(","),
    holdsCopies: given.get("hold-copies") === "yes",
    allowSoftware: given.get("software") === "yes",
  };
}

const OPTIONS = [...Object.keys(NUMBERS), "batches", "filters", "hold-copies", "software"];
