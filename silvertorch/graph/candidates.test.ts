import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Session } from "../../src/onnx/session.ts";
import { candidatesOf } from "./candidates.ts";
import { floats, LayerBench, longs, rowsOf } from "../../src/onnx/layer-bench.fixture.ts";

let bench: LayerBench;
beforeAll(async () => {
  bench = await LayerBench.open();
});
afterAll(() => bench[Symbol.asyncDispose]());

const HELD = 4;

/** The union layer over lists of HELD places. */
const unionOf = (heads: number): Promise<Session> =>
  bench.load((graph) => {
    const shape = heads === 1 ? ["batch", HELD] : ["batch", heads, HELD];
    const lists = {
      values: graph.input("values", "float32", shape),
      rows: graph.input("rows", "int64", shape),
    };
    const { rows, scores } = candidatesOf(graph, lists, heads);
    return [rows, scores];
  });

/** A head's list: distinct rows, fewer than HELD where fewer are eligible. */
const list = fc
  .uniqueArray(fc.nat(7), { maxLength: HELD })
  .chain((rows) =>
    fc.tuple(...rows.map((row) => fc.tuple(fc.constant(row), fc.integer({ min: -3, max: 3 })))),
  );
type List = readonly (readonly [row: number, score: number])[];

/** As the model words it: each row once, ascending, with its largest score. */
function united(lists: readonly List[]): [number, number][] {
  const scores = new Map<number, number>();
  for (const [row, score] of lists.flat()) {
    scores.set(row, Math.max(scores.get(row) ?? -Infinity, score));
  }
  return [...scores].toSorted(([a], [b]) => a - b);
}

test.for([1, 2, 3, 5, 8])("each row once, with its largest score: %i heads", async (heads) => {
  await using session = await unionOf(heads);
  const request = fc.array(list, { minLength: heads, maxLength: heads });
  const batch = fc.array(request, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(batch, async (requests: readonly (readonly List[])[]) => {
      const places = requests.flat().flatMap((held) =>
        // Rows that are not eligible come along with a score of -inf.
        Array.from({ length: HELD }, (_, at) => held[at] ?? ([at, -Infinity] as const)),
      );
      const dims = heads === 1 ? [requests.length, HELD] : [requests.length, heads, HELD];
      const results = await session.run({
        values: floats(dims, ...places.map(([, score]) => score)),
        rows: longs(dims, ...places.map(([row]) => row)),
      });
      const [rows, scores] = [rowsOf(results["0"]!), rowsOf(results["1"]!)];
      const wanted = requests.map(united);
      const most = Math.max(1, ...wanted.map(({ length }) => length));
      for (const [at, pairs] of wanted.entries()) {
        expect(rows[at]!.slice(0, pairs.length)).toEqual(pairs.map(([row]) => row));
        const none = Array.from({ length: most - pairs.length }, () => -Infinity);
        expect(scores[at]).toEqual([...pairs.map(([, score]) => score), ...none]);
      }
    }),
    { numRuns: 60 },
  );
});
