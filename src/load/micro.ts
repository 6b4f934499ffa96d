import { Bench } from "tinybench";
import { HarnessError } from "../errors.ts";

/** A piece of work that both systems do, to be timed alone. */
export interface Part {
  readonly name: string;
  /** Does it once. Its result is thrown away, so what it costs must not be only the result. */
  readonly run: () => unknown;
}

/** How long a part takes, in microseconds. */
export interface PartTime {
  readonly part: string;
  readonly samples: number;
  readonly meanMicroseconds: number;
  readonly p50Microseconds: number;
  readonly p99Microseconds: number;
  /** Half the 95% interval of the mean, as a share of it. */
  readonly marginShare: number;
}

export interface MicroOptions {
  /** For each part, after a fifth of it to warm up. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * Times parts one after the other in this thread, with tinybench. It says where time may go, never
 * which system is faster: nothing else runs beside, and no request passes through.
 * @throws HarnessError INTERNAL naming a part that fails; the signal's reason if it was aborted.
 */
export async function measureParts(
  parts: readonly Part[],
  { seconds, signal }: MicroOptions,
): Promise<PartTime[]> {
  const bench = new Bench({
    time: seconds * 1000,
    warmupTime: seconds * 200,
    retainSamples: true,
    signal,
  });
  // Left to itself it finds out by calling the work before it is to be timed.
  for (const { name, run } of parts) bench.add(name, run, { async: false });
  await bench.run();
  signal.throwIfAborted();
  return bench.tasks.map(({ name, result }) => {
    if (result.state !== "completed") {
      const cause = "error" in result ? result.error : undefined;
      throw new HarnessError("INTERNAL", `the part "${name}" could not be timed`, { cause });
    }
    const { mean, p50, p99, rme, samplesCount } = result.latency;
    return {
      part: name,
      samples: samplesCount,
      meanMicroseconds: mean * 1000,
      p50Microseconds: p50 * 1000,
      p99Microseconds: p99 * 1000,
      marginShare: rme / 100,
    };
  });
}
