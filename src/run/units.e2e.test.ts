import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { resolveDataset } from "../dataset/resolve.ts";
import { scenarioSchema } from "../scenario/schema.ts";
import { type Unit, Units } from "./units.ts";

const cacheFolder = await mkdtemp(join(tmpdir(), "silverbench-units-"));
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

const IVF = { kind: "ivf-flat", clusters: 16, join: "pre" };

const scenarioWith = (changes: object) =>
  scenarioSchema.parse({
    schema: "silverbench.scenario/1",
    name: "units",
    dataset: { kind: "synthetic", items: 1_000, dim: 4, users: 20 },
    systems: {
      mesh: {
        kind: "mesh",
        settings: { transport: "in-process", index: IVF },
        sweep: { "index.probes": [1, 16], filterCache: [0, 10] },
      },
    },
    loads: { closed: { shape: "closed" } },
    ...changes,
  });

async function start(changes: object = {}): Promise<Units> {
  const scenario = scenarioWith(changes);
  const quiet = { onProgress: () => {}, signal: new AbortController().signal };
  const { dataset, seeds, model } = scenario;
  const location = await resolveDataset(dataset, seeds.data, { cacheFolder, ...quiet });
  return await Units.start(scenario, {
    dataset: location,
    model: { ...model, seed: seeds.model },
    cpus: null,
    cacheFolder,
    ...quiet,
  });
}

const systemsOf = ({ all }: Units): number => new Set(all.map(({ running }) => running)).size;

test("variants that can be told with every query are one system, and each can be entered", async () => {
  await using units = await start();
  expect(units.all.map(({ variant }) => variant)).toEqual([
    "index.probes=1,filterCache=0",
    "index.probes=1,filterCache=10",
    "index.probes=16,filterCache=0",
    "index.probes=16,filterCache=10",
  ]);
  expect(systemsOf(units)).toBe(2);
  const [narrow, , wide] = units.all as [Unit, Unit, Unit];
  const [first, second] = [await valuesOf(narrow), await valuesOf(wide)];
  // All clusters hold better items than the nearest one, and it finds the same ones again.
  expect(sum(second)).toBeGreaterThan(sum(first));
  expect(await valuesOf(narrow)).toEqual(first);
  for (const unit of units.all) expect(await valuesOf(unit)).toHaveLength(20 * 5);
});

/** Values of the 5 best of 20 queries, asked of a variant once it was entered. */
async function valuesOf({ enter, door }: Unit): Promise<number[]> {
  await enter();
  const answers = Array.from({ length: 20 }, (_, n) => {
    const vectors = Float32Array.of(Math.sin(n), Math.cos(n), Math.sin(2 * n), Math.cos(3 * n));
    const request = { user: { kind: "vectors", vectors } as const, k: 5, filter: "" };
    return door.retrieve({ ...request, exclude: new Float64Array(0) }, { timeoutMs: 10_000 });
  });
  return (await Promise.all(answers)).flatMap(({ values }) => [...values]);
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

test("where catalogues change, every variant has one of its own", async () => {
  const sweep = { "index.probes": [1, 16] };
  const mesh = { kind: "mesh", settings: { transport: "in-process", index: IVF }, sweep };
  await using units = await start({ systems: { mesh }, updates: { perSecond: 1 } });
  expect(systemsOf(units)).toBe(2);
});
