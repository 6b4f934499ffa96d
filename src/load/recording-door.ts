import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";
import { connectDoor } from "../door/client.ts";
import { type Door, openDoor } from "../door/server.ts";
import type { DoorLimits } from "../door/retriever.ts";
import { HarnessError } from "../errors.ts";
import type { ClientTls } from "../process/tls.ts";
import { TRACE_HEADER, traceLine } from "./trace.ts";

export interface RecordingDoorOptions {
  /** gRPC door of the system behind it. */
  readonly address: string;
  /** How that is spoken to; absent: in the clear. */
  readonly tls?: ClientTls;
  /** The trace; what was there is overwritten. */
  readonly file: string;
  readonly limits: DoorLimits;
  readonly ports: { readonly grpc?: number; readonly http?: number };
}

/** A door that writes down what comes through it. Disposing it finishes the file. */
export interface RecordingDoor extends AsyncDisposable, Pick<Door, "grpcPort" | "httpPort"> {
  /** Requests written so far. */
  readonly recorded: number;
}

/**
 * Opens a door in front of a system's own: each request is written to a trace with the time it
 * came, and passed on. The way through it is a hop longer than the system's own door, so it is for
 * recording, not for measuring.
 * @throws HarnessError BAD_INPUT if the file cannot be written or a port is in use.
 */
export async function openRecordingDoor(options: RecordingDoorOptions): Promise<RecordingDoor> {
  const { address, tls, limits, ports } = options;
  const file = await openFile(options.file);
  const behind = connectDoor(address, tls);
  let firstMs = NaN;
  let recorded = 0;
  const close = async (): Promise<void> => {
    behind.close();
    file.end();
    await once(file, "close");
  };
  try {
    const door = await openDoor({
      limits,
      ports,
      retriever: {
        retrieve: (request, { deadlineMs }) => {
          const nowMs = performance.now();
          if (recorded++ === 0) firstMs = nowMs;
          file.write(`${traceLine(nowMs - firstMs, request)}\n`);
          return behind.retrieve(request, { timeoutMs: deadlineMs - nowMs });
        },
        stats: () => behind.stats(),
      },
    });
    return {
      grpcPort: door.grpcPort,
      httpPort: door.httpPort,
      get recorded() {
        return recorded;
      },
      async [Symbol.asyncDispose]() {
        await door[Symbol.asyncDispose]();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openFile(path: string): Promise<WriteStream> {
  const file = createWriteStream(path);
  try {
    await once(file, "open");
  } catch (cause) {
    throw new HarnessError("BAD_INPUT", `the trace cannot be written to ${path}`, { cause });
  }
  file.write(`${TRACE_HEADER}\n`);
  return file;
}
