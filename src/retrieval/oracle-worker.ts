import { parentPort, workerData } from "node:worker_threads";
import { OracleScan } from "./oracle-scan.ts";
import type { OracleTask } from "./oracle-task.ts";
import type { OracleThreadData } from "./oracle-threads.ts";
import { fromThread } from "./thread-array.ts";

// One thread of the oracle: a task in, its outcome out, until the parent ends it.
const { catalogue, ranking } = workerData as OracleThreadData;
const embeddings = fromThread(catalogue.embeddings);
const dense = fromThread(catalogue.dense);
const scan = new OracleScan({ ...catalogue, embeddings, dense }, ranking);

parentPort!.on("message", ({ kind, task }: OracleTask) => {
  if (kind === "answer") parentPort!.postMessage(scan.answer(task));
  else if (kind === "range") parentPort!.postMessage(scan.range(task));
  else parentPort!.postMessage(scan.join(task));
});
