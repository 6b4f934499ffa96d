import type { IndexBesideUsearch } from "./index-beside-usearch.ts";
import { threadCpu } from "./thread-cpu.ts";

/** Where the time of a batch goes, microseconds. */
export interface IndexProfile {
  /** From taking a batch up to having found all of it, by the service's own clock. */
  readonly search: number;
  /** CPU of the service's main thread: gRPC, and the search where there is a single thread. */
  readonly main: number;
  /** CPU of the threads that search beside it. */
  readonly searchThreads: number;
  /** CPU of V8's and libuv's threads: garbage, compiling. */
  readonly others: number;
  /** CPU of this process, which asks. */
  readonly caller: number;
}

/**
 * What each thread uses while the service is asked for a while.
 * @param threads How many search.
 * @returns null where the kernel does not tell.
 */
export async function profileIndex(
  beside: IndexBesideUsearch,
  { threads, seconds }: { readonly threads: number; readonly seconds: number },
): Promise<IndexProfile | null> {
  const { run, lanes = 1 } = beside.service;
  const before = await threadCpu(beside.pid);
  const searchBefore = await beside.searchMs();
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
  const searching = threads === 1 ? 0 : threads;
  const each = (cpuSeconds: number): number => (cpuSeconds * 1e6) / batches;
  return {
    search: (((await beside.searchMs()) - searchBefore) * 1000) / batches,
    main: each(after.main - before.main),
    searchThreads: each(sum(used.slice(0, searching))),
    others: each(sum(used.slice(searching))),
    caller: (user + system) / batches,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
