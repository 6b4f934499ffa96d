import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dataset } from "../src/dataset/dataset.ts";
import { Random } from "../src/math/random.ts";
import { Session } from "../src/onnx/session.ts";
import type { Column } from "../src/retrieval/catalogue.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import { computeTruth } from "../src/retrieval/oracle.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import { Artifact } from "./compile/artifact.ts";
import { compileArtifact } from "./compile/compile.ts";
import { OnnxEngine } from "./engine/onnx-engine.ts";
import { RequestReader } from "./engine/request-reader.ts";

const ITEMS = 300;
const USERS = 20;
const DIM = 8;

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-model-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

function categorical(name: string, values: number, most: number, random: Random): Column {
  const offsets = new Uint32Array(ITEMS + 1);
  const codes: number[] = [];
  for (let item = 0; item < ITEMS; item++) {
    const held = new Set(Array.from({ length: random.int(most + 1) }, () => random.int(values)));
    codes.push(...[...held].toSorted((a, b) => a - b));
    offsets[item + 1] = codes.length;
  }
  const vocabulary = Array.from({ length: values }, (_, code) => `v${code}`);
  return { kind: "categorical", name, vocabulary, offsets, values: Uint32Array.from(codes) };
}

function makeDataset(userDim: number): Dataset {
  const random = new Random(7);
  const gaussians = (length: number): Float32Array =>
    Float32Array.from({ length }, () => random.gaussian());
  const columns: Column[] = [
    categorical("lang", 5, 1, random),
    categorical("topic", 12, 3, random),
    // More values than one bitmap each is worth: written in digits, in three slots.
    categorical("creator", 3000, 3, random),
    {
      kind: "numeric",
      name: "age",
      values: Float32Array.from({ length: ITEMS }, () =>
        random.int(6) === 0 ? NaN : random.int(9) - 4,
      ),
    },
  ];
  return {
    name: "small",
    hash: `small-${userDim}`,
    folder: "",
    catalogue: {
      count: ITEMS,
      dim: DIM,
      embeddings: gaussians(ITEMS * DIM),
      ids: Float64Array.from({ length: ITEMS }, (_, row) => 5000 - 3 * row),
      columns,
      dense: new Float32Array(0),
      denseDim: 0,
    },
    users: {
      count: USERS,
      dim: userDim,
      ids: Float64Array.from({ length: USERS }, (_, row) => 100 + row),
      features: gaussians(USERS * userDim),
    },
  };
}

const term = fc.oneof(
  fc.nat(5).map((v) => `lang:v${v}`),
  fc.nat(11).map((v) => `topic:v${v}`),
  fc.nat(3000).map((v) => `creator:v${v}`),
  fc
    .array(fc.nat(2999), { minLength: 1, maxLength: 40 })
    .map((v) => `creator IN (${v.map((c) => `v${c}`).join(", ")})`),
  fc
    .tuple(fc.constantFrom("<", "<=", ">", ">=", "=", "!="), fc.integer({ min: -5, max: 5 }))
    .map(([op, n]) => `age ${op} ${n}`),
);
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    term,
    fc
      .tuple(tie("filter"), fc.constantFrom("AND", "OR"), tie("filter"))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie("filter").map((inner) => `NOT (${inner})`),
  ),
}));

const floats = (length: number): fc.Arbitrary<Float32Array> =>
  fc.float32Array({ minLength: length, maxLength: length, min: -2, max: 2, noNaN: true });

function requestOf(userDim: number, heads: number): fc.Arbitrary<RetrievalRequest> {
  return fc.record({
    user: fc.oneof(
      fc.nat(USERS - 1).map((row) => ({ kind: "id", id: 100 + row }) as const),
      floats(userDim).map((features) => ({ kind: "features", features }) as const),
      floats(heads * DIM).map((vectors) => ({ kind: "vectors", vectors }) as const),
    ),
    k: fc.integer({ min: 1, max: ITEMS }),
    filter: fc.oneof(fc.constant(""), filter),
    exclude: fc
      .uniqueArray(fc.integer({ min: 4100, max: 5003 }), { maxLength: 60 })
      .map((ids) => Float64Array.from(ids)),
  });
}

const models: [string, ModelSpec, number][] = [
  [
    "one head, no tower",
    {
      heads: 1,
      candidates: 300,
      tower: { kind: "identity" },
      overarch: "none",
      value: "score",
      seed: 1,
    },
    DIM,
  ],
  [
    "three heads of a tower",
    {
      heads: 3,
      candidates: 300,
      tower: { kind: "mlp", hidden: [16] },
      overarch: "none",
      value: "score",
      seed: 2,
    },
    5,
  ],
];

test.for(models)(
  "the graph gives the oracle's answers: %s",
  { timeout: 120_000 },
  async ([name, model, userDim]) => {
    const dataset = makeDataset(userDim);
    const folder = join(scratch, name.replaceAll(" ", "-"));
    await compileArtifact({
      dataset,
      model,
      settings: { precision: "float32" },
      folder,
      onProgress: () => {},
    });
    const artifact = await Artifact.open(folder, { verify: true });
    const reader = await RequestReader.open(artifact);
    const session = await Session.open({
      file: artifact.graphPath("cpu"),
      device: "cpu",
      threads: 1,
    });
    await using engine = new OnnxEngine(session, artifact.manifest);
    const { catalogue, users } = dataset;

    await fc.assert(
      fc.asyncProperty(
        fc.array(requestOf(userDim, model.heads), { minLength: 1, maxLength: 8 }),
        async (requests) => {
          const { signal } = new AbortController();
          const truth = await computeTruth({
            catalogue,
            users,
            model,
            requests,
            threads: 1,
            onProgress: () => {},
            signal,
          });
          const answers = await engine.answer(requests.map((request) => reader.read(request)));
          for (const [at, { rows, values }] of answers.entries()) {
            const expected = truth.values.subarray(truth.offsets[at], truth.offsets[at + 1]);
            expect(values.length).toBe(expected.length);
            values.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 3));
            // Rows may swap places only where float32 cannot tell their values apart.
            const expectedRows = truth.rows.subarray(truth.offsets[at], truth.offsets[at + 1]);
            rows.forEach((row, i) => {
              if (row === expectedRows[i]) return;
              const other = rows.indexOf(expectedRows[i]!);
              expect(
                Math.abs((other < 0 ? expected.at(-1)! : values[other]!) - values[i]!),
              ).toBeLessThan(1e-4);
            });
          }
        },
      ),
      { numRuns: 150 },
    );
  },
);
