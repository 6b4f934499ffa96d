import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../math/random.ts";
import { catalogueOf, categorical, usersOf } from "./catalogue-fixture.ts";
import type { Catalogue } from "./catalogue.ts";
import type { ModelSpec } from "./model-spec.ts";
import { naiveAnswer, type World } from "./naive-model.fixture.ts";
import { computeTruth, type Truth } from "./oracle.ts";
import type { RetrievalRequest } from "./request.ts";

const identity: ModelSpec = {
  heads: 1,
  candidates: 20,
  tower: { kind: "identity" },
  overarch: "none",
  value: "score",
  seed: 3,
};
const small = { userGroups: 2, itemGroups: 3, dim: 4, gateHidden: 6, temperature: 0.5 };
const ranked: readonly (readonly [string, ModelSpec])[] = [
  [
    "a formula without an OverArch",
    { ...identity, candidates: 5, value: "if(a:x AND n <= 0, 2, 1) * -score" },
  ],
  [
    "a mixture of logits for two tasks",
    {
      ...identity,
      heads: 2,
      tower: { kind: "mlp", hidden: [5] },
      candidates: 4,
      overarch: "mol",
      mol: small,
      tasks: ["click", "watch"],
      value: "click - 2 * watch + default(n, 3) * 0.25",
    },
  ],
  [
    "an MLP",
    {
      ...identity,
      heads: 3,
      tower: { kind: "mlp", hidden: [] },
      candidates: 4,
      overarch: "mlp",
      mlp: { hidden: [6, 5] },
      value: "sigmoid(task) + 0.01 * score",
    },
  ],
];
const threeHeads: ModelSpec = { ...identity, heads: 3, tower: { kind: "mlp", hidden: [5] } };

const truthOf = (world: World, model: ModelSpec, threads = 1): Promise<Truth> =>
  computeTruth({
    ...world,
    model,
    threads,
    onProgress: () => {},
    signal: new AbortController().signal,
  });

const answerOf = (truth: Truth, request: number): { rows: number[]; values: number[] } => {
  const [from, to] = truth.offsets.subarray(request, request + 2);
  return {
    rows: [...truth.rows.subarray(from, to)],
    values: [...truth.values.subarray(from, to)],
  };
};

/** Numbers of which sums are exact, so that ties are common. */
const vector = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 3, maxLength: 3 });
const filter = fc.constantFrom("", "a:x", "NOT a:x", "a IN (x, y) AND n <= 0", "n > 5", "n != 1");

const worlds: fc.Arbitrary<World> = fc
  .record({
    items: fc.array(
      fc.record({ vector, a: fc.subarray([0, 1]), n: fc.constantFrom(NaN, -1, 0, 1) }),
      { minLength: 1, maxLength: 60 },
    ),
    users: fc.array(vector, { minLength: 1, maxLength: 4 }),
    requests: fc.array(
      fc.record({
        user: fc.nat({ max: 3 }),
        k: fc.integer({ min: 1, max: 20 }),
        filter,
        exclude: fc.array(fc.nat({ max: 70 })),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ items, users, requests }) => ({
    catalogue: catalogueOf(
      items.map((item) => item.vector),
      [
        categorical(
          "a",
          ["x", "y"],
          items.map((item) => item.a),
        ),
        { kind: "numeric", name: "n", values: Float32Array.from(items, (item) => item.n) },
      ],
    ),
    users: usersOf(users),
    requests: requests.map((request) => ({
      user: { kind: "id", id: request.user % users.length },
      k: request.k,
      filter: request.filter,
      exclude: Float64Array.from(request.exclude, (row) => 1000 + 7 * row),
    })),
  }));

/** With dense features that no two items share. */
function withDense(catalogue: Catalogue, denseDim: number): Catalogue {
  const random = new Random(11);
  const dense = Float32Array.from({ length: catalogue.count * denseDim }, () => random.gaussian());
  return { ...catalogue, denseDim, dense };
}

describe("computeTruth", () => {
  it.each([
    ["one head", identity],
    ["three heads", threeHeads],
  ])("answers as a naive loop over the model's definition does: %s", async (_, model) => {
    await fc.assert(
      fc.asyncProperty(worlds, async (given) => {
        const truth = await truthOf(given, model);
        const got = given.requests.map((_request, at) => ({
          ...answerOf(truth, at),
          passing: truth.passing[at],
          eligible: truth.eligible[at],
        }));
        expect(got).toEqual(given.requests.map((request) => naiveAnswer(given, model, request)));
      }),
    );
  });

  it.each(ranked)("ranks each head's candidates as a naive loop does: %s", async (_, model) => {
    await fc.assert(
      fc.asyncProperty(worlds, async (plain) => {
        const given = {
          catalogue: withDense(plain.catalogue, 2),
          users: plain.users,
          requests: plain.requests.map((request) => ({
            ...request,
            k: Math.min(request.k, model.candidates),
          })),
        };
        const truth = await truthOf(given, model);
        for (const [at, request] of given.requests.entries()) {
          const expected = naiveAnswer(given, model, request);
          const { rows, values } = answerOf(truth, at);
          expect(rows).toEqual(expected.rows);
          for (const [place, value] of values.entries()) {
            expect(value).toBeCloseTo(expected.values[place]!, 9);
          }
          expect(truth.eligible[at]).toBe(expected.eligible);
        }
      }),
    );
  });

  it("says where each head's candidates end, and that they do not where all are held", async () => {
    const catalogue = catalogueOf([[1], [3], [2], [3]]);
    const request: RetrievalRequest = {
      user: { kind: "features", features: Float32Array.of(2) },
      k: 2,
      filter: "",
      exclude: new Float64Array(0),
    };
    const few = { ...request, exclude: Float64Array.of(1000, 1014) };
    const given = { catalogue, users: usersOf([[0]]), requests: [request, few] };
    const truth = await truthOf(given, { ...identity, candidates: 3, value: "-score" });
    expect(truth.borders).toEqual(Float64Array.of(4, -Infinity));
    expect(answerOf(truth, 0)).toEqual({ rows: [2, 1], values: [-4, -6] });
    expect((await truthOf(given, identity)).borders).toHaveLength(0);
  });

  it("ranks by value, then by row, and leaves out the excluded", async () => {
    const catalogue = catalogueOf([[1], [3], [2], [3], [3]]);
    const request: RetrievalRequest = {
      user: { kind: "features", features: Float32Array.of(2) },
      k: 3,
      filter: "",
      exclude: Float64Array.of(1000 + 7 * 1, 4),
    };
    const truth = await truthOf(
      { catalogue, users: usersOf([[0]]), requests: [request] },
      identity,
    );
    expect(answerOf(truth, 0)).toEqual({ rows: [3, 4, 2], values: [6, 6, 4] });
    expect([...truth.eligible, ...truth.passing]).toEqual([4, 5]);
  });

  it("ends its threads when it is told to stop", async () => {
    const row = Array.from({ length: 32 }, (_, at) => at);
    const catalogue = catalogueOf(Array.from({ length: 20_000 }, () => row));
    const request: RetrievalRequest = {
      user: { kind: "features", features: Float32Array.from(row) },
      k: 5,
      filter: "",
      exclude: new Float64Array(0),
    };
    const controller = new AbortController();
    const computing = computeTruth({
      catalogue,
      users: usersOf([row]),
      requests: Array.from({ length: 200 }, () => request),
      model: identity,
      threads: 2,
      onProgress: () => controller.abort(new Error("enough")),
      signal: controller.signal,
    });
    await expect(computing).rejects.toThrow("enough");
    expect(process.getActiveResourcesInfo()).not.toContain("MessagePort");
  });

  it("answers alike from one thread, from two and from any split of the requests", async () => {
    const random = new Random(7);
    const numbers = (length: number): number[] => Array.from({ length }, () => random.gaussian());
    const items = Array.from({ length: 20_000 }, () => numbers(16));
    const languages = items.map(() => [random.int(4)]);
    const catalogue = catalogueOf(items, [categorical("lang", ["a", "b", "c", "d"], languages)]);
    const users = usersOf(Array.from({ length: 200 }, () => numbers(16)));
    const filters = ["", "lang:a", "lang:b OR lang:c", "NOT lang:d"];
    const requests = Array.from(users.ids, (id): RetrievalRequest => {
      const exclude = Float64Array.from({ length: 20 }, () => 1000 + 7 * random.int(20_000));
      return { user: { kind: "id", id }, k: 20, filter: filters[id % 4]!, exclude };
    });
    const given = { catalogue, users, requests };
    const one = await truthOf(given, identity, 1);
    expect(await truthOf(given, identity, 2)).toEqual(one);
    const mol = { ...identity, overarch: "mol", mol: small, value: "task" } as const;
    expect(await truthOf(given, mol, 2)).toEqual(await truthOf(given, mol, 1));
    // Few enough to be computed without a thread.
    const first = await truthOf({ ...given, requests: requests.slice(0, 10) }, identity);
    for (let at = 0; at < 10; at++) expect(answerOf(first, at)).toEqual(answerOf(one, at));
  });

  it("stops when it is told to, with the reason, and tells how far it is", async () => {
    const catalogue = catalogueOf(Array.from({ length: 1000 }, (_, row) => [row]));
    const users = usersOf([[1]]);
    const request: RetrievalRequest = {
      user: { kind: "id", id: 0 },
      k: 5,
      filter: "",
      exclude: new Float64Array(0),
    };
    const requests = Array.from({ length: 100 }, () => request);
    const controller = new AbortController();
    const seen: number[] = [];
    const computing = computeTruth({
      catalogue,
      users,
      requests,
      model: identity,
      threads: 1,
      onProgress: (_phase, fraction) => {
        seen.push(fraction);
        if (seen.length === 2) controller.abort(new Error("enough"));
      },
      signal: controller.signal,
    });
    await expect(computing).rejects.toThrow("enough");
    expect(seen).toEqual([0.25, 0.5]);
  });

  it("answers no requests with nothing", async () => {
    const truth = await truthOf(
      { catalogue: catalogueOf([[1]]), users: usersOf([[1]]), requests: [] },
      identity,
    );
    expect(truth.offsets).toEqual(Uint32Array.of(0));
    expect(truth.rows).toHaveLength(0);
  });

  it("refuses ready query vectors where an OverArch needs the user", async () => {
    const request: RetrievalRequest = {
      user: { kind: "vectors", vectors: Float32Array.of(1) },
      k: 1,
      filter: "",
      exclude: new Float64Array(0),
    };
    const given = { catalogue: catalogueOf([[1]]), users: usersOf([[1]]), requests: [request] };
    await expect(truthOf(given, { ...identity, overarch: "mlp" })).rejects.toThrow(
      "request 0: query_vectors cannot be used with an OverArch; send user_id or user_features",
    );
  });

  it.each<[string, Partial<RetrievalRequest>, string]>([
    ["an unknown user", { user: { kind: "id", id: 9 } }, "request 1: user 9 is not among"],
    [
      "a filter with a mistake",
      { filter: "a:" },
      "request 1: filter, character 3: expected a value",
    ],
    ["an unknown column", { filter: "a:1" }, 'request 1: filter: there is no column "a"'],
    [
      "a vector that is no number",
      { user: { kind: "vectors", vectors: Float32Array.of(NaN) } },
      "request 1: query vectors: expected finite numbers, got NaN at position 0",
    ],
    ["more than the candidates", { k: 21 }, "request 1 wants k = 21, but the model keeps only 20"],
  ])("refuses %s, with the request's position", async (_, change, message) => {
    const request: RetrievalRequest = {
      user: { kind: "id", id: 0 },
      k: 1,
      filter: "",
      exclude: new Float64Array(0),
    };
    const requests = [request, { ...request, ...change }];
    const given = { catalogue: catalogueOf([[1]]), users: usersOf([[1]]), requests };
    await expect(truthOf(given, identity)).rejects.toThrow(message);
    await expect(truthOf(given, identity)).rejects.toMatchObject({ code: "BAD_INPUT" });
  });
});
