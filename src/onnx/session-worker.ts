import { parentPort, workerData } from "node:worker_threads";
import type { HostTensor } from "./element-type.ts";
import {
  buffersOf,
  lentOf,
  packError,
  type CloseMessage,
  type PlacementsMessage,
  type RunMessage,
  type SessionMessage,
} from "./session-message.ts";
import { Session, type SessionOptions } from "./session.ts";

/** The thread that a session lives in: session.run blocks it, and nothing else. */
const port = parentPort!;

const send = (message: SessionMessage, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

/** Results stand on memory of ONNX Runtime's own, which cannot be handed over. */
function copied(results: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [
      name,
      { ...tensor, data: tensor.data.slice() },
    ]),
  );
}

async function answer(session: Session, { id, feeds, lent }: RunMessage): Promise<void> {
  try {
    const results = copied(await session.run(feeds));
    const back = lentOf(feeds, lent);
    const all = { ...results, ...back.tensors };
    send({ kind: "result", id, results: all }, [...buffersOf(results), ...back.buffers]);
  } catch (thrown) {
    send({ kind: "error", id, error: packError(thrown) });
  }
}

async function tellPlacements(session: Session, { id }: PlacementsMessage): Promise<void> {
  try {
    send({ kind: "placements", id, placements: await session.placements() });
  } catch (thrown) {
    send({ kind: "error", id, error: packError(thrown) });
  }
}

async function close(session: Session): Promise<void> {
  await session[Symbol.asyncDispose]();
  port.close();
}

try {
  const session = await Session.open(workerData as SessionOptions);
  // Closing waits its turn: a thread that ends within a run takes the whole process with it.
  let last = Promise.resolve();
  port.on("message", (message: RunMessage | PlacementsMessage | CloseMessage) => {
    last = last.then(() => {
      if (message.kind === "run") return answer(session, message);
      return message.kind === "close" ? close(session) : tellPlacements(session, message);
    });
  });
  send({ kind: "open", inputNames: session.inputNames });
} catch (thrown) {
  send({ kind: "failed", error: packError(thrown) });
}
