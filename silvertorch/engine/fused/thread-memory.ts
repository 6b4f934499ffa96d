import { setImmediate as nextTurn } from "node:timers/promises";

/** What the JavaScript of this thread holds; other threads have heaps of their own. */
export interface ThreadMemory {
  readonly heapBytes: number;
  /** Of what objects of the heap stand for outside of it; array buffers are told apart. */
  readonly externalBytes: number;
  readonly arrayBufferBytes: number;
}

/** Of what is in use: garbage is collected first, where node runs with --expose-gc. */
export async function threadMemory(): Promise<ThreadMemory> {
  const { gc } = globalThis as { gc?: () => void };
  // What native objects hold is freed on the turns after a collection, and may hold others.
  for (let round = 0; round < 2; round++) {
    gc?.();
    await nextTurn();
    await nextTurn();
  }
  gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    heapBytes: heapUsed,
    externalBytes: external - arrayBuffers,
    arrayBufferBytes: arrayBuffers,
  };
}
