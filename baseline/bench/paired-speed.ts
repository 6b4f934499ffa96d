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
  /** What the process that does the work has used so far; absent: it is not looked at. */
  readonly cpuSeconds?: () => Promise<number>;
}

/** Medians over the rounds. */
export interface Paired {
  readonly of: number;
  readonly over: number;
  /** Median of the rounds' own ratios: the machine's weather falls on both alike. */
  readonly ratio: number;
}

/** Units a second. */
export interface PairedSpeed extends Paired {
  /** Units a second of CPU; null where it was not looked at. */
  readonly byCpu: Paired | null;
}

interface Turn {
  readonly speed: number;
  readonly byCpu: number;
}

/** Both in turn, in each round one after the other, each for so long. */
export async function pairedSpeed(
  of: Contender,
  over: Contender,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<PairedSpeed> {
  await turnOf(of, seconds);
  await turnOf(over, seconds);
  const pairs: (readonly [Turn, Turn])[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = await turnOf(of, seconds);
    pairs.push([first, await turnOf(over, seconds)]);
  }
  const paired = (value: (turn: Turn) => number): Paired => ({
    of: median(pairs.map(([one]) => value(one))),
    over: median(pairs.map(([, other]) => value(other))),
    ratio: median(pairs.map(([one, other]) => value(one) / value(other))),
  });
  const isTold = of.cpuSeconds !== undefined && over.cpuSeconds !== undefined;
  return {
    ...paired(({ speed }) => speed),
    byCpu: isTold ? paired(({ byCpu }) => byCpu) : null,
  };
}

async function turnOf(
  { run, units = 1, lanes = 1, cpuSeconds = untold }: Contender,
  seconds: number,
): Promise<Turn> {
  const before = await cpuSeconds();
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
  const speed = (done / (performance.now() - startMs)) * 1000;
  return { speed, byCpu: done / ((await cpuSeconds()) - before) };
}

const untold = (): Promise<number> => Promise.resolve(NaN);
