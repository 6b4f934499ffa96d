import { parentPort, workerData } from "node:worker_threads";
import { driveClosed } from "./closed.ts";
import { driveHttp } from "./http.ts";
import type { LoadTask } from "./load-task.ts";

// The load's thread: all it does is send, wait and count, so that nothing of the harness stands
// between an answer and the clock.
const task = workerData as LoadTask;
const observed = await (task.shape === "closed" ? driveClosed(task) : driveHttp(task));
const { requestOf, bytes, offsets } = observed.answers;
parentPort!.postMessage(observed, [requestOf.buffer, bytes.buffer, offsets.buffer]);
