import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { filterLifts } from "../dataset/filter-lift.ts";
import type { Workload } from "../dataset/workload.ts";
import { HarnessError } from "../errors.ts";
import type { ResultHeader } from "../result/result-draft.ts";
import { headlineLoad } from "../scenario/headline-load.ts";
import { type Circumstances, fingerprintOf } from "./fingerprint-of.ts";
import type { Scenario } from "../scenario/schema.ts";

/** What a result says of the question: scenario, seeds, machine, dataset and model. */
export async function resultHeader(of: Circumstances): Promise<ResultHeader> {
  const { workload, machine } = of;
  const { scenario, hash, text } = of.loaded;
  const { name, question, slo, headline, rounds, loads, seeds } = scenario;
  const { seed: _, ...model } = workload.model;
  return {
    silverbench: ownVersion(),
    scenario: {
      name,
      question,
      hash,
      text,
      headlineLoad: headlineLoad(scenario),
      recallTarget: headline.recall,
      slo,
      rounds,
      loads,
    },
    seeds,
    fingerprint: await fingerprintOf(of),
    machine,
    dataset: describeDataset(workload, scenario.requests.filters),
    model,
  };
}

function describeDataset(
  { dataset, requests, truth, every }: Workload,
  templates: Scenario["requests"]["filters"],
): ResultHeader["dataset"] {
  const { catalogue, users } = dataset;
  const { templateOf } = requests;
  const passing = templates.map(() => 0);
  const asked = templates.map(() => 0);
  const known = templates.map(() => 0);
  for (const [request, template] of templateOf.entries()) {
    asked[template] = asked[template]! + 1;
    if (request % every !== 0) continue;
    passing[template] = passing[template]! + truth.passing[request / every]! / catalogue.count;
    known[template] = known[template]! + 1;
  }
  const passRates = templates.map((_, at) => mean(passing[at]!, known[at]!));
  const lifts = filterLifts(dataset, requests, passRates);
  return {
    name: dataset.name,
    hash: dataset.hash,
    items: catalogue.count,
    dim: catalogue.dim,
    users: users.count,
    requests: requests.requests.length,
    scored: truth.eligible.length,
    k: requests.requests[0]!.k,
    filterPassRate: mean(
      passing.reduce((a, b) => a + b, 0),
      truth.eligible.length,
    ),
    filters: templates.map(({ name = null, template, weight }, at) => ({
      name,
      template,
      weight,
      passRate: passRates[at]!,
      lift: lifts[at]!,
      requests: asked[at]!,
    })),
  };
}

const mean = (sum: number, count: number): number | null => (count === 0 ? null : sum / count);

/** From src/run and dist/src/run alike: the first package.json on the way up. */
function ownVersion(): string {
  const here = import.meta.dirname;
  const root = ["../..", "../../.."].find((up) => existsSync(join(here, up, "package.json")));
  if (root === undefined) throw new HarnessError("INTERNAL", `no package.json above ${here}`);
  const { version } = JSON.parse(readFileSync(join(here, root, "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}
