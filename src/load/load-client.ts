import { DoorClient } from "../door/client.ts";
import { HarnessError } from "../errors.ts";
import type { ClientTls } from "../process/tls.ts";
import { unframed } from "./frame.ts";
import { LeanClient } from "./lean-client.ts";

/** Which client a gRPC load uses: ours, or the one that most Node services use. */
export type ClientKind = "lean" | "grpc-js";

/** What became of a call: the bytes of the answer, or the error and no bytes. */
export type OnDone = (error: HarnessError | null, answer: Buffer) => void;

/** The caller's side of the door as a load needs it: bytes in, bytes out, a callback. */
export interface LoadClient {
  /**
   * Sends one request; `onDone` is called once, later.
   * @param frame the protobuf bytes of a RetrieveRequest, framed.
   */
  send(frame: Buffer, onDone: OnDone): void;
  close(): void;
}

export interface ClientOptions {
  /** host:port of the gRPC door. */
  readonly address: string;
  /** How long a call may take; it travels with the call. */
  readonly timeoutMs: number;
  /** TCP connections that calls are spread over in turn. */
  readonly connections: number;
  /** null or absent: without. */
  readonly tls?: ClientTls | null;
}

const CONNECT_MS = 3_000;

/**
 * Connects to a door that serves.
 * @throws HarnessError UNAVAILABLE if it does not.
 */
export async function openClient(kind: ClientKind, options: ClientOptions): Promise<LoadClient> {
  const { address, connections, tls } = options;
  const door = new DoorClient(address, kind === "lean" ? 1 : connections, tls);
  try {
    await door.waitUntilServing(CONNECT_MS, new AbortController().signal);
  } catch (error) {
    door.close();
    throw error;
  }
  if (kind === "lean") {
    door.close();
    return new LeanClient(options);
  }
  const { timeoutMs } = options;
  return {
    send: (frame, onDone) => {
      door.retrieveEncoded(unframed(frame), { timeoutMs }).then(
        (answer) => onDone(null, answer),
        (thrown: unknown) => onDone(HarnessError.from(thrown), NOTHING),
      );
    },
    close: () => door.close(),
  };
}

const NOTHING = Buffer.alloc(0);
