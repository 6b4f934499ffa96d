import type { IndexBesideUsearch } from "./index-beside-usearch.ts";
import { threadCpu } from "./thread-cpu.ts";

/** Where the CPU of a batch goes, microseconds. */
export interface IndexProfile {
  /** The threads that search: the walk, and what they do beside it. */
  readonly searching: number;
  /** The service's main thread: gRPC, messages, handing over. */
  readonly wire: number;
  /** V8's and libuv's threads: garbage, compiling. */
  readonly others: number;
  /** This process, which asks. */
  readonly caller: number;
}

/**
 * What each thread uses while the service is asked for a while.
 * @returns null where the kernel does not tell.
 */
export async function profileIndex(
  beside: IndexBesideUsearch,
  { threads, seconds }: { readonly threads: number; readonly seconds: number },
): Promise<IndexProfile | null> {
  const { run, lanes = 1 } = beside.service;
  const before = await threadCpu(beside.pid);
  const callerBefore = process.cpuUsage();
  const endMs = performance.now() + seconds * 1000;
  let batches = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await run();
      batches++;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { user, system } = process.cpuUsage(callerBefore);
  const after = await threadCpu(beside.pid);
  if (before === null || after === null) return null;
  // Those that search are the busiest.
  const used = [...after.others]
    .map(([thread, cpu]) => cpu - (before.others.get(thread) ?? 0))
    .toSorted((a, b) => b - a);
  const each = (cpuSeconds: number): number => (cpuSeconds * 1e6) / batches;
  return {
    searching: each(sum(used.slice(0, threads))),
    wire: each(after.main - before.main),
    others: each(sum(used.slice(threads))),
    caller: (user + system) / batches,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
