import { parentPort, workerData } from "node:worker_threads";
import type { RankedCatalogue, Ranking } from "./candidate-ranker.ts";
import { OracleScan } from "./oracle-scan.ts";
import type { OracleTask } from "./oracle-task.ts";

// One thread of the oracle: a task in, its outcome out, until the parent ends it.
const { catalogue, ranking } = workerData as {
  readonly catalogue: RankedCatalogue;
  readonly ranking: Ranking | null;
};
const scan = new OracleScan(catalogue, ranking);

parentPort!.on("message", ({ kind, task }: OracleTask) => {
  if (kind === "answer") parentPort!.postMessage(scan.answer(task));
  else if (kind === "range") parentPort!.postMessage(scan.range(task));
  else parentPort!.postMessage(scan.join(task));
});
