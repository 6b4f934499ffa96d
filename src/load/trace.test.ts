import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { replaySchedule } from "./replay.ts";
import { readTrace, type StoredTrace, TRACE_HEADER, traceLine } from "./trace.ts";

const limits = { items: 100, userDim: 2, queryDim: 3, maxInFlight: 1 };
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-trace-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(...lines: string[]): Promise<StoredTrace> {
  const path = join(folder, "trace.jsonl");
  await writeFile(path, lines.map((line) => `${line}\n`).join(""));
  return await readTrace(path, limits);
}

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const requests: fc.Arbitrary<RetrievalRequest> = fc.record({
  user: fc.oneof(
    fc.record({ kind: fc.constant("id" as const), id: fc.maxSafeNat() }),
    fc.record({
      kind: fc.constant("features" as const),
      features: fc.tuple(float, float).map((values) => Float32Array.from(values)),
    }),
  ),
  k: fc.integer({ min: 1, max: 100 }),
  filter: fc.constantFrom("", "lang:en", 'title:"a \\"b\\""'),
  exclude: fc.array(fc.maxSafeNat(), { maxLength: 4 }).map((ids) => Float64Array.from(ids)),
});

test("what was written is read back, with its times", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 5 }), async (written) => {
      const lines = written.map((request, i) => traceLine(i * 1.5, request));
      const trace = await read(TRACE_HEADER, ...lines);
      expect(trace.requests).toEqual(written.map((request) => withoutMinusZero(request)));
      expect([...trace.atMs]).toEqual(written.map((_, i) => i * 1.5));
    }),
    { numRuns: 25 },
  );
});

/** JSON knows only one zero. */
function withoutMinusZero(request: RetrievalRequest): RetrievalRequest {
  const { user } = request;
  if (user.kind !== "features") return request;
  return { ...request, user: { ...user, features: user.features.map((value) => value + 0) } };
}

test("one written by hand needs no more than a time, a user and k", async () => {
  const { requests: asked, atMs } = await read(
    TRACE_HEADER,
    "",
    '{"at_ms": 0, "user_id": 7, "k": 10}',
    '{"at_ms": 40, "user_id": 8, "k": 5, "filter": "lang:en", "exclude": [1, 2]}',
  );
  expect(asked.map(({ k }) => k)).toEqual([10, 5]);
  expect([...atMs]).toEqual([0, 40]);
});

test.each([
  ["no header", ['{"at_ms": 0, "user_id": 7, "k": 10}'], ":1", 'expected {"schema"'],
  ["no JSON", [TRACE_HEADER, "{"], ":2", "expected JSON"],
  ["no time", [TRACE_HEADER, '{"user_id": 7, "k": 10}'], ":2", "at_ms: a number of 0 or more"],
  [
    "a time that goes back",
    [TRACE_HEADER, '{"at_ms": 5, "user_id": 7, "k": 1}', '{"at_ms": 4, "user_id": 7, "k": 1}'],
    ":3",
    "a number of 5 or more was expected, 4 came",
  ],
  [
    "a field of no request",
    [TRACE_HEADER, '{"at_ms": 0, "user": 7, "k": 1}'],
    ":2",
    "user: is no field",
  ],
  ["a k that is too large", [TRACE_HEADER, '{"at_ms": 0, "user_id": 7, "k": 101}'], ":2", "100"],
  ["no request", [TRACE_HEADER], "trace.jsonl", "no request"],
])("a mistake is named with its line: %s", async (_, lines, where, words) => {
  const reading = read(...lines);
  await expect(reading).rejects.toMatchObject({
    code: "BAD_INPUT",
    where: expect.stringContaining(where) as string,
    message: expect.stringContaining(words) as string,
  });
});

test("a trace that is not there says how to record one", async () => {
  await expect(readTrace(join(folder, "none"), limits)).rejects.toMatchObject({
    code: "BAD_INPUT",
    hint: expect.stringContaining("--record") as string,
  });
});

test("at twice the speed everything is due in half the time", async () => {
  const trace = { requests: [], atMs: Float64Array.of(0, 100, 300) };
  expect([...replaySchedule(trace, 2).dueMs]).toEqual([0, 50, 150]);
  expect(replaySchedule(trace, 1).seconds).toBeCloseTo(0.301, 9);
});
