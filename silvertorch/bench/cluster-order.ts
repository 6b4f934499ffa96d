import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { RequestReader } from "../engine/request-reader.ts";
import { Batches, recallOf } from "./batches.ts";
import type { Loaded, Workbench } from "./workbench.ts";

/** At random, and going with the clusters: those of the user's neighbours, or any. */
const FILTERS = [
  "u < 10",
  "lang:{lang near}",
  "lang:{lang}",
  "topic:{topic near}",
  "topic:{topic}",
  "lang:{lang} AND topic:{topic}",
  "lang:{lang} AND age_days <= 30",
  "NOT topic:{topic near}",
] as const;

/** Clusters that each head looks at. */
const PROBES = [8, 32, 128] as const;

export interface OrderOptions {
  readonly batch: number;
  readonly batches: number;
  readonly say: (line: string) => void;
}

/**
 * What it is worth that clusters are taken by what a filter leaves in them: recall by centroids alone
 * and by counts, and how many clusters were looked at in the mean, where answers that are short are
 * searched again; what a new filter's plan costs for it.
 */
export async function clusterOrder(
  workbench: Workbench,
  all: Loaded,
  { batch, batches, say }: OrderOptions,
): Promise<void> {
  say(
    "\nclusters by their centroids alone, and by what a filter leaves in them: recall (clusters)",
  );
  // Its plans say nothing of clusters.
  const byCentroids = await RequestReader.open(all.artifact);
  for (const filter of FILTERS) {
    const requests = workbench.requests(filter, batch * batches);
    const truth = await new Batches(all, requests, batch).answers();
    const cells: string[] = [];
    for (const probes of PROBES) {
      for (const reader of [byCentroids, all.reader]) {
        // A filter lets them grow by one: so many are looked at, and counts are taken.
        const loaded = { ...all.probing(probes - 1, probes), reader };
        const found = await new Batches(loaded, requests, batch).answers();
        cells.push(`${recallOf(truth, found).toFixed(3)} (${probedBy(loaded).toFixed(0)})`);
      }
    }
    say(`  ${filter.padEnd(32)}${cells.map((cell) => cell.padStart(14)).join("")}`);
  }
  await planCost(workbench, all, say);
}

/** Clusters that a query looked at in the end, in the mean. */
function probedBy({ engine }: Loaded): number {
  let queries = 0;
  let probed = 0;
  for (const [probes, count] of engine.probing.probed) {
    queries += count;
    probed += probes * count;
  }
  return probed / queries;
}

/** Microseconds of filters that are new to a reader, with counts and without. */
async function planCost(
  workbench: Workbench,
  { artifact }: Loaded,
  say: (line: string) => void,
): Promise<void> {
  const several =
    "lang:{lang} AND (topic:{topic} OR topic:{topic}) AND NOT creator:{creator} AND age_days <= 90 AND price >= 1 AND u < 90";
  for (const [name, filter] of [
    ["two terms", "lang:{lang} AND topic:{topic}"],
    ["seven terms", several],
  ] as const) {
    const requests = workbench.requests(filter, 512);
    const spent: string[] = [];
    for (const orders of [false, true]) {
      using reader = await RequestReader.open(artifact, "bitmaps", orders);
      const [first, then] = [requests.slice(0, 256), requests.slice(256)];
      spent.push(`${usOf(reader, first)} us, then ${usOf(reader, then)}`);
    }
    say(`  a new plan, ${name}: ${spent[0]} without counts, ${spent[1]} with them`);
  }
}

function usOf(reader: RequestReader, requests: readonly RetrievalRequest[]): string {
  const startMs = performance.now();
  for (const request of requests) reader.read(request);
  return ((1000 * (performance.now() - startMs)) / requests.length).toFixed(0);
}
