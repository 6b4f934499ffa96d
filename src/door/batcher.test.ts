import * as fc from "fast-check";
import { expect, test } from "vitest";
import { HarnessError } from "../errors.ts";
import { Batcher } from "./batcher.ts";

/** An engine whose batches end when the test says so. */
class HandEngine {
  readonly batches: (readonly number[])[] = [];
  readonly #ends: (() => void)[] = [];

  run = (batch: readonly number[]): Promise<readonly number[]> => {
    this.batches.push(batch);
    return new Promise((resolve) => {
      this.#ends.push(() => resolve(batch.map((n) => n * 10)));
    });
  };

  end(): void {
    this.#ends.shift()!();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const limits = { maxBatch: 4, maxWaitMs: 0, maxQueued: 100 };

test("what is submitted in one turn travels together, in order, each with its own answer", async () => {
  const engine = new HandEngine();
  const batcher = new Batcher({ ...limits, run: engine.run });
  const answers = [1, 2, 3].map((n) => batcher.submit(n, Infinity));
  await turn();
  expect(engine.batches).toEqual([[1, 2, 3]]);
  engine.end();
  expect(await Promise.all(answers)).toEqual([10, 20, 30]);
});

test("while the engine works queries gather, up to maxBatch, and leave when it is free", async () => {
  const engine = new HandEngine();
  const batcher = new Batcher({ ...limits, run: engine.run });
  const first = batcher.submit(0, Infinity);
  await turn();
  const rest = [1, 2, 3, 4, 5].map((n) => batcher.submit(n, Infinity));
  await turn();
  expect(engine.batches).toEqual([[0]]);
  expect(batcher.queued).toBe(5);
  engine.end();
  await first;
  await turn();
  expect(engine.batches).toEqual([[0], [1, 2, 3, 4]]);
  engine.end();
  await rest[3];
  await turn();
  engine.end();
  await Promise.all(rest);
  expect(engine.batches.at(-1)).toEqual([5]);
  expect(batcher.sizes.count).toBe(3);
  expect(batcher.sizes.mean).toBeCloseTo(2, 5);
  expect(batcher.waits.count).toBe(6);
});

test("with a wait the first query holds on for company, but a full batch leaves at once", async () => {
  const engine = new HandEngine();
  const batcher = new Batcher({ ...limits, maxWaitMs: 60_000, run: engine.run });
  const answers = [1, 2, 3].map((n) => batcher.submit(n, Infinity));
  await turn();
  expect(engine.batches).toEqual([]);
  answers.push(batcher.submit(4, Infinity));
  await turn();
  expect(engine.batches).toEqual([[1, 2, 3, 4]]);
  engine.end();
  await Promise.all(answers);
});

test("with a wait a lone query leaves once the wait is over", async () => {
  const batcher = new Batcher({ ...limits, maxWaitMs: 5, run: async (batch) => batch });
  expect(await batcher.submit(7, Infinity)).toBe(7);
});

test("several lanes run batches side by side", async () => {
  const engine = new HandEngine();
  const batcher = new Batcher({ ...limits, maxBatch: 1, lanes: 2, run: engine.run });
  const answers = [1, 2, 3].map((n) => batcher.submit(n, Infinity));
  await turn();
  expect(engine.batches).toEqual([[1], [2]]);
  engine.end();
  engine.end();
  await Promise.all(answers.slice(0, 2));
  await turn();
  engine.end();
  await Promise.all(answers);
});

test("a query whose deadline passed in the queue is dropped and never reaches the engine", async () => {
  const engine = new HandEngine();
  const batcher = new Batcher({ ...limits, run: engine.run });
  const first = batcher.submit(0, Infinity);
  await turn();
  const late = batcher.submit(1, performance.now() - 1);
  const good = batcher.submit(2, Infinity);
  engine.end();
  await first;
  await expect(late).rejects.toMatchObject({ code: "DEADLINE" });
  await turn();
  expect(engine.batches).toEqual([[0], [2]]);
  engine.end();
  expect(await good).toBe(20);
});

test("a full queue refuses at once", async () => {
  const engine = new HandEngine();
  const batcher = new Batcher({ ...limits, maxQueued: 2, run: engine.run });
  const answers = [1, 2].map((n) => batcher.submit(n, Infinity));
  await expect(batcher.submit(3, Infinity)).rejects.toMatchObject({ code: "OVERLOADED" });
  await turn();
  engine.end();
  await Promise.all(answers);
});

test("an error of the engine fails its batch and only that one", async () => {
  let calls = 0;
  const run = async (batch: readonly number[]): Promise<readonly number[]> => {
    if (++calls === 1) throw new HarnessError("DATA", "the index is damaged");
    return batch;
  };
  const batcher = new Batcher({ ...limits, run });
  const failed = await Promise.allSettled([1, 2].map((n) => batcher.submit(n, Infinity)));
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await batcher.submit(3, Infinity)).toBe(3);
});

test("a HarnessError in an answer's place fails that query alone", async () => {
  const odd = new HarnessError("BAD_INPUT", "odd");
  const batcher = new Batcher<number, number>({
    ...limits,
    run: async (batch) => batch.map((n) => (n % 2 === 0 ? n : odd)),
  });
  const [two, three] = await Promise.allSettled([2, 3].map((n) => batcher.submit(n, Infinity)));
  expect(two).toEqual({ status: "fulfilled", value: 2 });
  expect(three).toEqual({ status: "rejected", reason: odd });
});

test("an engine that loses an answer is a fault, not a wrong answer", async () => {
  const batcher = new Batcher({
    ...limits,
    run: async (batch: readonly number[]) => batch.slice(1),
  });
  await expect(batcher.submit(1, Infinity)).rejects.toMatchObject({ code: "INTERNAL" });
});

test("however they arrive, every query gets its own answer and no batch is too large", async () => {
  const arrivals = fc.array(fc.record({ count: fc.integer({ min: 1, max: 9 }), turns: fc.nat(3) }));
  await fc.assert(
    fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 5 }), async (bursts, maxBatch) => {
      const seen: number[] = [];
      const run = async (batch: readonly number[]): Promise<readonly number[]> => {
        seen.push(batch.length);
        await turn();
        return batch.map((n) => n + 0.5);
      };
      const batcher = new Batcher({ maxBatch, maxWaitMs: 0, maxQueued: 1000, run });
      const answers: Promise<number>[] = [];
      for (const { count, turns } of bursts) {
        for (let i = 0; i < count; i++) answers.push(batcher.submit(answers.length, Infinity));
        for (let i = 0; i < turns; i++) await turn();
      }
      expect(await Promise.all(answers)).toEqual(answers.map((_, i) => i + 0.5));
      expect(Math.max(0, ...seen)).toBeLessThanOrEqual(maxBatch);
    }),
    { numRuns: 50 },
  );
});
