/**
 * Whether the mesh's answers keep to their filters: `npm run proof:filters [-- FILTERS [ITEMS]]`.
 * Random filters, nested up to eight deep, that nothing, one item, some or all items pass, are
 * asked of a mesh with an HNSW index, over gRPC. Each answer is held against an exact scan: no id
 * that does not pass or is excluded, and no fewer than there are.
 */
import { defaultCacheFolder } from "../../src/dataset/cache-folder.ts";
import { readDataset } from "../../src/dataset/folder.ts";
import { resolveDataset } from "../../src/dataset/resolve.ts";
import { scenarioSchema } from "../../src/scenario/schema.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import { startMesh } from "../system.ts";
import { agreeOnFilters } from "./filter-agreement.ts";

const SEED = 1;
const quiet = { onProgress: () => {}, signal: new AbortController().signal };
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function prove(count: number, items: number): Promise<boolean> {
  const scenario = scenarioSchema.parse({
    schema: "silverbench.scenario/1",
    name: "filters",
    dataset: { kind: "synthetic", items, dim: 32, users: 1000 },
    systems: { mesh: { kind: "mesh" } },
    loads: { closed: { shape: "closed" } },
  });
  const cacheFolder = defaultCacheFolder();
  const location = await resolveDataset(scenario.dataset, SEED, { cacheFolder, ...quiet });
  const dataset = await readDataset(location.folder, { verify: false });
  await using system = await startMesh({
    name: "mesh",
    dataset: location,
    model: { ...scenario.model, seed: 3 },
    settings: meshSettings.parse({}),
    cpus: null,
    cacheFolder,
    ...quiet,
  });
  const agreements = await agreeOnFilters(system, dataset, { count, seed: SEED });
  let wrong = 0;
  for (const [kind, { asked, violations, wrongLength, wrong: texts }] of agreements) {
    say(`${kind}: ${asked} asked, ${violations} violations, ${wrongLength} of a wrong length`);
    for (const text of texts.slice(0, 3)) say(`  ${text}`);
    wrong += violations + wrongLength;
  }
  say(`${count} random filters over ${items} items: ${wrong} violations or wrong lengths in all`);
  return wrong === 0;
}

const [filters = 10_000, items = 20_000] = process.argv.slice(2).map(Number);
process.exitCode = (await prove(filters, items)) ? 0 : 1;
