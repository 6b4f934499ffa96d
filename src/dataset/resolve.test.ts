import { appendFile, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import type { SyntheticSpec } from "../scenario/schema.ts";
import { listDatasets } from "./catalog.ts";
import { readDataset } from "./folder.ts";
import { generateRequests } from "./requests.ts";
import { resolveDataset, type ResolveOptions } from "./resolve.ts";
import { loadTruth, type LoadTruthOptions } from "./truth.ts";

const spec: SyntheticSpec = {
  kind: "synthetic",
  items: 300,
  dim: 4,
  users: 10,
  noise: 0.6,
  zipf: 0.8,
};
const model: ModelSpec = {
  heads: 1,
  candidates: 100,
  tower: { kind: "identity" },
  overarch: "none",
  value: "score",
  seed: 3,
};

let options: ResolveOptions;
beforeEach(async () => {
  options = {
    cacheFolder: await mkdtemp(join(tmpdir(), "silverbench-resolve-")),
    onProgress: () => {},
    signal: new AbortController().signal,
  };
});
afterEach(() => rm(options.cacheFolder, { recursive: true }));

describe("resolveDataset", () => {
  test("builds a synthetic dataset once and finds it again", async () => {
    const first = await resolveDataset(spec, 1, options);
    const { mtimeMs } = await stat(join(first.folder, "manifest.json"));
    expect(await resolveDataset({ ...spec }, 1, options)).toEqual(first);
    expect((await stat(join(first.folder, "manifest.json"))).mtimeMs).toBe(mtimeMs);
    expect(first.name).toBe("synthetic-300x4");
    await expect(readDataset(first.folder, { verify: true })).resolves.toMatchObject(first);
  });

  test("another seed or spec is another dataset", async () => {
    const built = await Promise.all([
      resolveDataset(spec, 1, options),
      resolveDataset(spec, 2, options),
      resolveDataset({ ...spec, noise: 0.5 }, 1, options),
    ]);
    expect(new Set(built.map(({ hash }) => hash)).size).toBe(3);
    expect(new Set(built.map(({ folder }) => folder)).size).toBe(3);
  });

  test("the same spec and seed have the same hash in another cache", async () => {
    const first = await resolveDataset(spec, 1, options);
    await rm(first.folder, { recursive: true });
    expect((await resolveDataset(spec, 1, options)).hash).toBe(first.hash);
  });

  test("takes a folder of one's own where it lies", async () => {
    const { folder, hash } = await resolveDataset(spec, 1, options);
    expect(await resolveDataset({ kind: "folder", path: folder }, 9, options)).toEqual({
      name: "synthetic-300x4",
      folder,
      hash,
    });
    const missing = resolveDataset({ kind: "folder", path: "/no/such" }, 1, options);
    await expect(missing).rejects.toMatchObject({ code: "DATA", where: "/no/such/manifest.json" });
  });

  test("glove-100 that was not fetched is an error that says how", async () => {
    await expect(
      resolveDataset({ kind: "glove-100", users: 10 }, 1, options),
    ).rejects.toMatchObject({
      code: "DATA",
      hint: "silverbench dataset get glove-100",
    });
  });

  test("an interrupted build leaves nothing", async () => {
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(resolveDataset(spec, 1, { ...options, signal })).rejects.toThrow("Ctrl-C");
    expect(await readdir(options.cacheFolder)).toEqual([]);
  });
});

describe("listDatasets", () => {
  test("says what is offered, what is missing and what was built", async () => {
    const { folder } = await resolveDataset(spec, 1, options);
    const listings = await listDatasets(options.cacheFolder);
    expect(listings.find(({ name }) => name === "glove-100")).toMatchObject({ state: "missing" });
    expect(listings.at(-1)).toMatchObject({ kind: "built", folder, items: 300, dim: 4, users: 10 });
  });
});

async function question(): Promise<LoadTruthOptions> {
  const { folder } = await resolveDataset(spec, 1, options);
  const dataset = await readDataset(folder, { verify: false });
  const filters = [{ weight: 1, template: "u < {u}" }];
  const requests = generateRequests(
    { distinct: 20, reuse: "none", k: 5, filters, exclude: 3 },
    2,
    dataset,
  );
  return {
    ...options,
    dataset,
    model,
    requests: requests.requests,
    requestsHash: requests.hash,
    threads: 1,
  };
}

describe("loadTruth", () => {
  test("is computed once; then it is read, and the same", async () => {
    const asked = await question();
    const computed = await loadTruth(asked);
    const phases: string[] = [];
    const read = await loadTruth({ ...asked, onProgress: (phase) => phases.push(phase) });
    expect(read).toEqual(computed);
    expect(phases).toEqual([]);
    expect(computed.offsets.length).toBe(21);
  });

  test("another model is another truth", async () => {
    const asked = await question();
    await loadTruth(asked);
    await loadTruth({ ...asked, model: { ...model, candidates: 50 } });
    expect((await readdir(join(options.cacheFolder, "truth"))).length).toBe(2);
  });

  test("one that was damaged is refused", async () => {
    const asked = await question();
    await loadTruth(asked);
    const [key] = await readdir(join(options.cacheFolder, "truth"));
    await appendFile(join(options.cacheFolder, "truth", key!, "values"), "x");
    await expect(loadTruth(asked)).rejects.toMatchObject({
      code: "DATA",
      hint: expect.stringContaining("computed again"),
    });
  });
});
