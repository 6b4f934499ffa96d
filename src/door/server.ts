import { type HarnessError } from "../errors.ts";
import { Admission } from "./admission.ts";
import { DoorWorkers } from "./door-workers.ts";
import type { DoorName } from "./deal-out.ts";
import type { Desk } from "./desk.ts";
import { acceptGrpcDoor, serveGrpcDoor } from "./grpc-door.ts";
import { acceptHttpDoor, serveHttpDoor } from "./http-door.ts";
import type { Socket } from "node:net";
import type { DoorLimits, Retriever } from "./retriever.ts";
import type { ServerTls } from "../process/tls.ts";

export interface DoorOptions {
  readonly retriever: Retriever;
  readonly limits: DoorLimits;
  /** 0 or absent: any free port. */
  readonly ports?: { readonly grpc?: number; readonly http?: number };
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** For both protocols; null or absent: without. */
  readonly tls?: ServerTls | null;
  /** Processes the door is spread over; 1 or absent: it is in this one. */
  readonly workers?: number;
  /** Called when one of several workers ends without having been stopped. */
  readonly onDied?: (error: HarnessError) => void;
}

/** An open front door. Disposing it stops accepting and finishes what is in flight. */
export interface Door extends AsyncDisposable {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Processes it started beside this one. */
  readonly processes: readonly { readonly pid: number; readonly role: string }[];
  /** For a system whose catalogue has changed: what is asked from now on is held to these. */
  setLimits(limits: DoorLimits): void;
}

/**
 * Opens the front door of a system: gRPC (retrieval.proto and health) and HTTP over one admission
 * control. It is serving when the promise resolves.
 * @throws HarnessError BAD_INPUT naming the port if one is in use; nothing stays open then.
 */
export function openDoor(options: DoorOptions): Promise<Door> {
  const admission = new Admission(options.retriever, options.limits);
  return (options.workers ?? 1) > 1
    ? openWorkers(admission, options)
    : openHere(admission, options);
}

/** A front door without ports. Disposing it finishes what is in flight. */
export interface DealtDoor extends AsyncDisposable {
  /** @param socket a connection of which nothing has been read yet. */
  accept(socket: Socket, door: DoorName): void;
}

/** The same for connections that another process took in (deal-out.ts). */
export function openDealtDoor(desk: Desk, tls: ServerTls | null): DealtDoor {
  const doors = { grpc: acceptGrpcDoor(desk, tls), http: acceptHttpDoor(desk, tls) };
  return {
    accept: (socket, door) => doors[door].accept(socket),
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(doors).map((door) => door[Symbol.asyncDispose]()));
    },
  };
}

async function openHere(
  admission: Admission,
  { host = LOCAL, ports = {}, tls = null }: DoorOptions,
): Promise<Door> {
  const http = await serveHttpDoor(admission, { host, port: ports.http ?? 0, tls });
  try {
    const grpc = await serveGrpcDoor(admission, { host, port: ports.grpc ?? 0, tls });
    return {
      grpcPort: grpc.port,
      httpPort: http.port,
      processes: [],
      setLimits: (limits) => admission.setLimits(limits),
      async [Symbol.asyncDispose]() {
        await Promise.all([grpc[Symbol.asyncDispose](), http[Symbol.asyncDispose]()]);
      },
    };
  } catch (error) {
    await http[Symbol.asyncDispose]();
    throw error;
  }
}

function openWorkers(
  admission: Admission,
  { host = LOCAL, ports = {}, tls = null, workers = 1, onDied = () => {} }: DoorOptions,
): Promise<Door> {
  const { grpc = 0, http = 0 } = ports;
  return DoorWorkers.open({ admission, count: workers, host, ports: { grpc, http }, tls, onDied });
}

const LOCAL = "127.0.0.1";
