/**
 * Whether the mesh's answers keep to their filters:
 * `npm run proof:filters [-- FILTERS [ITEMS [SETTINGS]]]`, where SETTINGS is JSON; without it the
 * mesh has an HNSW index and speaks gRPC. Random filters, nested up to eight deep, that nothing, one
 * item, some or all items pass, are asked of it. Each answer is held against an exact scan: no id
 * that does not pass or is excluded, and no fewer than there are.
 */
import { Workbench } from "../workbench.ts";
import { agreeOnFilters } from "./filter-agreement.ts";

const SEED = 1;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function prove(count: number, items: number, settings: object): Promise<boolean> {
  const dataset = { kind: "synthetic", items, dim: 32, users: 1000 };
  await using bench = await Workbench.open({ dataset });
  await using system = await bench.start(settings);
  const agreements = await agreeOnFilters(system, bench.dataset, { count, seed: SEED });
  let wrong = 0;
  for (const [kind, { asked, violations, wrongLength, wrong: texts }] of agreements) {
    say(`${kind}: ${asked} asked, ${violations} violations, ${wrongLength} of a wrong length`);
    for (const text of texts.slice(0, 3)) say(`  ${text}`);
    wrong += violations + wrongLength;
  }
  say(`${count} random filters over ${items} items: ${wrong} violations or wrong lengths in all`);
  return wrong === 0;
}

const [filters = "10000", items = "20000", settings = "{}"] = process.argv.slice(2);
const isProven = await prove(Number(filters), Number(items), JSON.parse(settings) as object);
process.exitCode = isProven ? 0 : 1;
