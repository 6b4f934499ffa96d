import { median } from "../../src/math/quantile.ts";

/** One of the two that are compared. */
export interface Contender {
  readonly name: string;
  /** Does the work once. */
  readonly run: () => unknown;
  /** Units of work that once is; default 1. */
  readonly units?: number;
  /** So many are under way at any time, the next begun as soon as one is done; default 1. */
  readonly lanes?: number;
}

export interface PairedSpeed {
  /** Units a second, medians over the rounds. */
  readonly of: number;
  readonly over: number;
  /** Median of the rounds' own ratios: the machine's weather falls on both alike. */
  readonly ratio: number;
}

/** Both in turn, in each round one after the other, each for so long. */
export async function pairedSpeed(
  of: Contender,
  over: Contender,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<PairedSpeed> {
  await speedOf(of, seconds);
  await speedOf(over, seconds);
  const speeds: (readonly [number, number])[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = await speedOf(of, seconds);
    speeds.push([first, await speedOf(over, seconds)]);
  }
  return {
    of: median(speeds.map(([one]) => one)),
    over: median(speeds.map(([, other]) => other)),
    ratio: median(speeds.map(([one, other]) => one / other)),
  };
}

async function speedOf({ run, units = 1, lanes = 1 }: Contender, seconds: number): Promise<number> {
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await run();
      done += units;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (done / (performance.now() - startMs)) * 1000;
}
