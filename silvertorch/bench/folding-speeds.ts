import { Batches, recallOf } from "./batches.ts";
import { contest, type Contestant } from "./contest.ts";
import { FILTERS, SHORT_CONJUNCTION, WIDE_CONJUNCTION } from "./filters.ts";
import { speedLine } from "./speed-table.ts";
import type { Loaded, Workbench } from "./workbench.ts";

export interface FoldingBench {
  /** The same artifact without and with conditions that can be folded into the product. */
  readonly plain: Loaded;
  readonly folding: Loaded;
  /** Requests of a batch, and how many batches the rounds go through. */
  readonly size: number;
  readonly batches: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

/**
 * What is gained by folding where it is left to the engine: short and wide conjunctions, and batches
 * half of whose requests have another filter, which cannot be folded, against those filters in batches
 * of their own.
 */
export async function foldingSpeeds(
  workbench: Workbench,
  { plain, folding, size, batches, rounds, say }: FoldingBench,
): Promise<void> {
  const asked = (filter: string): ReturnType<Workbench["requests"]> =>
    workbench.requests(filter, size * batches);
  const [short, wide, general] = [SHORT_CONJUNCTION, WIDE_CONJUNCTION, FILTERS.general].map(asked);
  const of = (loaded: Loaded, requests: typeof short): Batches =>
    new Batches(loaded, requests!, size);
  const planned = [of(plain, short), of(plain, wide)] as const;
  const folded = [of(folding, short), of(folding, wide)] as const;
  const mixed = of(
    folding,
    wide!.map((request, at) => (at % 2 === 0 ? request : general![at]!)),
  );
  const none = of(plain, asked(FILTERS.none)).contestant("no filter");
  const times = await contest(
    [
      none,
      planned[0].contestant("short conjunction, planned"),
      folded[0].contestant("short one, folded if it pays"),
      planned[1].contestant("wide conjunction, planned"),
      folded[1].contestant("wide one, folded if it pays"),
      inTurn("two mixed batches", [mixed.contestant(""), mixed.contestant("")]),
      inTurn("a batch of either", [
        of(folding, wide).contestant(""),
        of(folding, general).contestant(""),
      ]),
    ],
    rounds,
  );
  say(`\nfilters that can be folded, batches of ${size}:`);
  const line = (name: string, over: string, more: string, requests = size): void =>
    say(speedLine(times, { name, over, batch: requests, more }));
  line(none.name, none.name, "");
  for (const [at, name] of ["short", "wide"].entries()) {
    const recall = recallOf(await planned[at]!.answers(), await folded[at]!.answers());
    line(`${name} conjunction, planned`, none.name, "");
    line(`${name} one, folded if it pays`, none.name, `recall ${recall.toFixed(4)}`);
  }
  line("two mixed batches", "a batch of either", "half wide, half general", 2 * size);
}

/** One after another, as one. */
const inTurn = (name: string, parts: readonly Contestant[]): Contestant => ({
  name,
  async run() {
    for (const { run } of parts) await run();
  },
});
