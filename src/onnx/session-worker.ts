import { parentPort } from "node:worker_threads";
import type { HostTensor } from "./element-type.ts";
import {
  buffersOf,
  lentOf,
  packError,
  type PlacementsMessage,
  type RunMessage,
  type SessionMessage,
  type ThreadMessage,
} from "./session-message.ts";
import { Session, type SessionOptions } from "./session.ts";

/** The thread that sessions live in, one after the other: session.run blocks it, and nothing else. */
const port = parentPort!;
let session: Session | null = null;

/**
 * One that is closed on a processor is released only when the next is opened, or after a while: its
 * memory is then the next one's at once. What was free for some seconds a hypervisor may have taken
 * back, and each 2 MiB of it cost milliseconds. While sessions take each other's place there is memory
 * for two in any case.
 */
let kept: { readonly session: Session; readonly timer: NodeJS.Timeout } | null = null;
const KEPT_MS = 120_000;

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

async function open(options: SessionOptions): Promise<void> {
  try {
    await releaseKept();
    session = await Session.open(options);
    send({ kind: "opened", inputNames: session.inputNames });
  } catch (thrown) {
    send({ kind: "failed", error: packError(thrown) });
  }
}

async function answer({ id, feeds, lent }: RunMessage): Promise<void> {
  try {
    const results = copied(await session!.run(feeds));
    const back = lentOf(feeds, lent);
    const all = { ...results, ...back.tensors };
    send({ kind: "result", id, results: all }, [...buffersOf(results), ...back.buffers]);
  } catch (thrown) {
    send({ kind: "error", id, error: packError(thrown) });
  }
}

async function tellPlacements({ id }: PlacementsMessage): Promise<void> {
  try {
    send({ kind: "placements", id, placements: await session!.placements() });
  } catch (thrown) {
    send({ kind: "error", id, error: packError(thrown) });
  }
}

async function close(): Promise<void> {
  const closed = session!;
  session = null;
  if (closed.device === "cpu") {
    const timer = setTimeout(() => {
      last = last.then(releaseKept);
    }, KEPT_MS);
    kept = { session: closed, timer };
  } else {
    await closed[Symbol.asyncDispose]();
  }
  send({ kind: "closed" });
}

async function releaseKept(): Promise<void> {
  if (kept === null) return;
  const { session: closed, timer } = kept;
  kept = null;
  clearTimeout(timer);
  await closed[Symbol.asyncDispose]();
}

async function end(): Promise<void> {
  await releaseKept();
  port.close();
}

async function take(message: ThreadMessage): Promise<void> {
  if (message.kind === "open") return await open(message.options);
  if (message.kind === "run") return await answer(message);
  if (message.kind === "placements") return await tellPlacements(message);
  if (message.kind === "close") return await close();
  return await end();
}

// Each waits its turn: a thread that ends within a run takes the whole process with it.
let last = Promise.resolve();
port.on("message", (message: ThreadMessage) => {
  last = last.then(() => take(message));
});
