import { join } from "node:path";
import { costRows } from "../cost/cost-rows.ts";
import { evaluateGates } from "../gate/evaluate.ts";
import type { Histogram } from "../math/histogram.ts";
import { gatherDoubts } from "../result/doubts.ts";
import { sampleResult } from "../result/sample-result.fixture.ts";
import type { SampleOptions } from "../result/sample-result.fixture.ts";
import type { Result } from "../result/schema.ts";
import { loadPrices } from "../scenario/prices.ts";
import { shippedFolder } from "../scenario/shipped-folder.ts";

const GATES = [
  "recall(*) >= 0.95",
  "violations(model) == 0",
  "throughput(model)/throughput(mesh) >= 3.2",
  "p99(model) <= 10ms",
];

/**
 * The made-up result with its cost, gates and all doubts, as a run would leave it.
 * @param enrich changes the result before it is priced and judged.
 */
export async function decidedSample(
  options: SampleOptions = {},
  enrich: (result: Result) => Result = (result) => result,
): Promise<{ result: Result; samples: Map<string, Histogram> }> {
  const { result: bare, samples } = sampleResult(options);
  const result = enrich(bare);
  const sheet = await loadPrices(join(shippedFolder(), "prices/example.yaml"));
  const { rows, doubts } = costRows(result, sheet);
  const priced = {
    ...result,
    cost: [...rows],
    doubts: gatherDoubts([...result.doubts, ...doubts]),
  };
  return { result: { ...priced, gates: evaluateGates(GATES, priced) }, samples };
}
