import { parentPort, workerData } from "node:worker_threads";
import { toFailureMessage } from "../../src/process/failure-message.ts";
import { Closing } from "./closing.ts";
import { openPart } from "./open-part.ts";
import type { PartThreadData, PartThreadReport } from "./part-thread.ts";
import { servePart } from "./serve-part.ts";
import { answerCalls, ThreadCaller } from "./thread-call.ts";
import { threadFeature, threadMethods } from "./thread-services.ts";

// The thread of any one service.
const { mesh, part, listens, calls, feature } = workerData as PartThreadData;
const closing = new Closing();

const report = (message: PartThreadReport): void => parentPort!.postMessage(message);

async function open(): Promise<number> {
  if (listens) return closing.add(await servePart({ mesh, part, port: 0 })).port;
  const features = feature === null ? null : new ThreadCaller(feature, "feature");
  if (features !== null) closing.defer(() => features.close());
  const asked = features === null ? null : threadFeature(features);
  const { service } = closing.add(await openPart(mesh, part, asked));
  for (const port of calls) {
    answerCalls(port, threadMethods(part.role, service));
    closing.defer(() => port.close());
  }
  return 0;
}

try {
  const port = await closing.unless(open);
  parentPort!.once("message", () => {
    void closing[Symbol.asyncDispose]().then(() => process.exit(0));
  });
  report({ type: "ready", port });
} catch (thrown) {
  report({ type: "failed", error: toFailureMessage(thrown) });
}
