import { mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { foldedCatalogue, keptRows } from "../../src/dataset/folded-catalogue.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import { bounded, smallDataset, threeHeads } from "../dataset.fixture.ts";
import {
  anyChanges,
  change,
  exact,
  mixture,
  perceptron,
  SMALL_ITEMS,
} from "../live/changes.fixture.ts";
import { LiveItems } from "../live/live-items.ts";
import { Artifact } from "./artifact.ts";
import { compileArtifact } from "./compile.ts";
import { keptCatalogue } from "./kept-catalogue.ts";
import { type KeptItems, KeptRows } from "./kept-items.ts";
import { MANIFEST_FILE, WEIGHTS_FILE } from "./manifest.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-kept-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Without the room for some more. */
async function keptEmbeddings(kept: KeptItems, more: number): Promise<Float32Array> {
  await using rows = await KeptRows.open(kept);
  const all = await rows.embeddings(more);
  expect(all.length).toBe((rows.count + more) * SMALL_ITEMS.dim);
  return all.slice(0, rows.count * SMALL_ITEMS.dim);
}

/** The same catalogue, its kept items read from an artifact, three at a time at most. */
function fromArtifact(catalogue: Catalogue, kept: KeptItems): Catalogue {
  if (kept.artifact.manifest.clusters !== null) return catalogue;
  const { embeddings, ...parts } = catalogue;
  const others = embeddings.subarray(kept.rows.length * parts.dim);
  return keptCatalogue(parts, kept, others, 3 * 4 * parts.dim);
}

test.for([
  ["a mixture of logits", mixture, exact],
  ["a perceptron in clusters", perceptron, { ...exact, clusters: 5 }],
  ["the score", threeHeads, exact],
  ["the score, in float16", threeHeads, { ...exact, precision: "float16" }],
] as const)(
  "fold after fold, what is kept of the last artifact is what a whole compilation makes: %s",
  async ([name, model, settings]) => {
    const base = smallDataset(5);
    let number = 0;
    const compiled = async (dataset: Dataset, kept?: KeptItems): Promise<Artifact> => {
      const folder = join(scratch, `${name} ${++number}`);
      const parts = { dataset, model, settings, threads: 1, folder, onProgress: () => {} };
      await compileArtifact(kept === undefined ? parts : { ...parts, kept });
      return await Artifact.open(folder, { verify: true });
    };
    const first = await compiled(base);
    await fc.assert(
      fc.asyncProperty(fc.array(anyChanges, { minLength: 1, maxLength: 3 }), async (histories) => {
        let last = first;
        let dataset: Dataset = base;
        for (const [nth, history] of histories.entries()) {
          const { ids } = dataset.catalogue;
          const live = new LiveItems(SMALL_ITEMS.dim, (id) => ids.includes(id));
          change(live, history);
          const changes = live.changes();
          const kept = { artifact: last, rows: keptRows(dataset.catalogue, changes) };
          const catalogue = foldedCatalogue(dataset.catalogue, changes);
          expect(await keptEmbeddings(kept, 2)).toEqual(
            catalogue.embeddings.slice(0, kept.rows.length * catalogue.dim),
          );
          dataset = { ...dataset, hash: `fold ${nth}`, catalogue };
          const folded = { ...dataset, catalogue: fromArtifact(catalogue, kept) };
          last = await compiled(folded, kept);
          const whole = await compiled(dataset);
          // It holds the hash of every other file.
          const manifests = [last, whole].map(({ folder }) => join(folder, MANIFEST_FILE));
          const [compiledFolded, compiledWhole] = await Promise.all(
            manifests.map((path) => readFile(path, "utf8")),
          );
          expect(compiledFolded).toBe(compiledWhole);
        }
      }),
      bounded(4),
    );
  },
);

test("embeddings that an artifact no longer holds are named", async () => {
  const dataset = smallDataset(5);
  const folder = join(scratch, "short");
  const parts = { dataset, model: threeHeads, settings: exact, threads: 1, folder };
  await compileArtifact({ ...parts, onProgress: () => {} });
  const artifact = await Artifact.open(folder, { verify: true });
  const rows = keptRows(dataset.catalogue, { items: [], deleted: new Float64Array(0) });
  const { embeddings, ...others } = dataset.catalogue;
  const catalogue = keptCatalogue(others, { artifact, rows }, new Float32Array(0));
  expect(catalogue.embeddings).toEqual(embeddings);
  const { offset } = artifact.manifest.tensors.find(({ name }) => name === "items")!;
  await truncate(join(folder, WEIGHTS_FILE), offset + 4);
  const again = keptCatalogue(others, { artifact, rows }, new Float32Array(0));
  expect(() => again.embeddings).toThrow("ends within tensor items");
});
