import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import type { LiveItem } from "../src/retrieval/live-item.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import { type ReachedMesh, Workbench } from "./workbench.ts";

const DIM = 16;
const bench = await Workbench.openTemporary({
  dataset: { kind: "synthetic", items: 2_000, dim: DIM, users: 50 },
});
afterAll(() => bench[Symbol.asyncDispose]());

const { dataset } = bench;
const inTime = { timeoutMs: 30_000 };

/** The item's price, which the ranker is told by the feature service, is what counts. */
const priced: ModelSpec = {
  ...bench.model,
  candidates: 50,
  value: "score + 1000 * default(price, 0)",
};

const CLEAR_ERRORS = new Set(["UNAVAILABLE", "DEADLINE"]);

const vector = Float32Array.from({ length: DIM }, (_, at) => (at % 2 === 0 ? 9 : -9));

/** Nearer to `vector` than any item of the build. */
const item = (id: number, price: number): LiveItem => ({
  id,
  embedding: vector,
  dense: dataset.catalogue.dense.slice(0, dataset.catalogue.denseDim),
  attributes: new Map<string, readonly string[] | number>([
    ["lang", ["en"]],
    ["price", price],
    ["u", 1],
  ]),
});

const request: RetrievalRequest = {
  user: { kind: "id", id: dataset.users.ids[0]! },
  k: 3,
  filter: "u = 1",
  exclude: new Float64Array(0),
};

/** While a service may be away. */
const soon = { timeoutMs: 2_000 };

/** Ids and prices of an answer, which its values tell; or the code of an error. */
async function ask({ door }: ReachedMesh, time = inTime): Promise<string> {
  try {
    const { ids, values, partial } = await door.retrieve(request, time);
    const told = [...ids].map((id, at) => `${id}: ${Math.round(values[at]! / 1000)}`).join(", ");
    return partial ? `partial ${told}` : told;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each([
  { services: ["index", "filter", "feature", "ranker", "gateway"], settings: {} },
  { services: ["mesh"], settings: { transport: "in-process" } },
])(
  "a process of $services that is killed after changes gives errors, never what was before them",
  async ({ services, settings }) => {
    const index = { kind: "flat" };
    await using mesh = await bench.startReached({ ...settings, index }, { model: priced });
    const { system, admin, door } = mesh;
    // The two that pass were not there at the build, or had another price.
    const [built] = dataset.catalogue.ids as unknown as [number];
    await admin.upsert([item(900_001, 70), item(900_002, 10), item(built, 20)]);
    await admin.upsert([item(900_002, 40)]);
    await admin.delete(Float64Array.of(900_001));
    const now = `900002: 40, ${built}: 20`;
    expect(await ask(mesh)).toBe(now);
    for (const service of services) {
      const undo = await system.inflict!({ service, kind: "kill", delayMs: 0 });
      const outcomes = new Set([await ask(mesh, soon)]);
      const back = undo();
      while ((await Promise.race([back, sleep(10, "away")])) === "away") {
        outcomes.add(await ask(mesh, soon));
      }
      for (let last = ""; last !== now;) {
        last = await ask(mesh, soon);
        outcomes.add(last);
      }
      const answers = [...outcomes].filter((outcome) => !CLEAR_ERRORS.has(outcome));
      expect({ service, answers }).toEqual({ service, answers: [now] });
    }
    // Who takes changes is where it was, and what it gives out is no other item's.
    await admin.upsert([item(900_003, 90)]);
    expect(await ask(mesh)).toBe(`900003: 90, ${now}`);
    const { counters } = await door.stats();
    expect(counters.get("version.newest")).toBe(4);
    for (const service of ["feature", "filter", "index", "ranker"]) {
      expect(counters.get(`version.${service}`)).toBe(4);
    }
    expect(counters.get("gateway.mixed_versions")).toBe(0);
    await door.retrieve(request, inTime);
  },
);
