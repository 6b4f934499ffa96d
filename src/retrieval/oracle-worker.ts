import { parentPort, workerData } from "node:worker_threads";
import { scanItems, type ScanCatalogue, type ScanTask } from "./oracle-scan.ts";

// One thread of the oracle: a task in, its outcome out, until the parent ends it.
const catalogue = workerData as ScanCatalogue;

parentPort!.on("message", (task: ScanTask) => {
  parentPort!.postMessage(scanItems(catalogue, task));
});
