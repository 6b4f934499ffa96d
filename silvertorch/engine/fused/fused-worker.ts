import { parentPort, workerData } from "node:worker_threads";
import { packError } from "../../../src/onnx/session-message.ts";
import { Artifact } from "../../compile/artifact.ts";
import { GpuDevice } from "../../device/gpu-device.ts";
import type { FromFused, FusedThreadOptions, ToFused } from "./fused-message.ts";
import { buffersOf, copied } from "./answers.ts";
import type { FusedModel } from "./fused-model.ts";
import { openModel } from "./open-model.ts";
import { threadMemory } from "./thread-memory.ts";

/**
 * The thread that a model on a device lives in: while batches are under way Dawn keeps asking the
 * device whether they are done, which would keep a thread that also serves from serving.
 */
const port = parentPort!;

const send = (message: FromFused, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

async function open(options: FusedThreadOptions): Promise<FusedModel> {
  const { artifactFolder, allowSoftware, cachePrecision } = options;
  const artifact = await Artifact.open(artifactFolder, { verify: false });
  const device = await GpuDevice.open({ allowSoftware, timestamps: true });
  // Each kernel is a sign of life: on a processor that plays a GPU one can take many seconds.
  device.onCompile = (kernel) =>
    send({ kind: "progress", phase: `compiling the kernel ${kernel}` });
  try {
    return await openModel(device, artifact, { cachePrecision });
  } catch (error) {
    await device[Symbol.asyncDispose]();
    throw error;
  }
}

async function answer(model: FusedModel, { id, batch }: ToFused & { kind: "run" }): Promise<void> {
  try {
    const answers = await model.run(batch, copied);
    const message = { kind: "answers", id, answers, device: model.stats } as const;
    send(message, buffersOf(answers));
  } catch (thrown) {
    send({ kind: "error", id, error: packError(thrown) });
  }
}

async function tellMemory({ device }: FusedModel): Promise<void> {
  const { memoryBytes: deviceBytes, bufferBytes } = device;
  const memory = { ...(await threadMemory()), deviceBytes, buffers: bufferBytes.length };
  send({ kind: "memory", memory });
}

try {
  const model = await open(workerData as FusedThreadOptions);
  model.onTimes = (times) => send({ kind: "times", times });
  const { clusters, width } = model;
  send({ kind: "open", clusters, width, device: model.stats });
  const underWay = new Set<Promise<void>>();
  port.on("message", (message: ToFused) => {
    if (message.kind === "run") {
      const run = answer(model, message);
      underWay.add(run);
      void run.then(() => underWay.delete(run));
      return;
    }
    if (message.kind === "memory") {
      void tellMemory(model);
      return;
    }
    // A thread that ends within a run takes the whole process with it.
    void Promise.all(underWay)
      .then(() => model[Symbol.asyncDispose]())
      .then(() => port.close());
  });
} catch (thrown) {
  send({ kind: "failed", error: packError(thrown) });
}
