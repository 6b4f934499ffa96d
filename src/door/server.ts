import { Admission } from "./admission.ts";
import { serveGrpcDoor } from "./grpc-door.ts";
import { serveHttpDoor } from "./http-door.ts";
import type { DoorLimits, Retriever } from "./retriever.ts";

export interface DoorOptions {
  readonly retriever: Retriever;
  readonly limits: DoorLimits;
  /** 0 or absent: any free port. */
  readonly ports?: { readonly grpc?: number; readonly http?: number };
  /** Default 127.0.0.1. */
  readonly host?: string;
}

/** An open front door. Disposing it stops accepting and finishes what is in flight. */
export interface Door extends AsyncDisposable {
  readonly grpcPort: number;
  readonly httpPort: number;
}

/**
 * Opens the front door of a system: gRPC (retrieval.proto and health) and HTTP over one admission
 * control. It is serving when the promise resolves.
 * @throws HarnessError BAD_INPUT naming the port if one is in use; nothing stays open then.
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { host = "127.0.0.1", ports = {} } = options;
  const admission = new Admission(options.retriever, options.limits);
  const http = await serveHttpDoor(admission, host, ports.http ?? 0);
  try {
    const grpc = await serveGrpcDoor(admission, host, ports.grpc ?? 0);
    return {
      grpcPort: grpc.port,
      httpPort: http.port,
      async [Symbol.asyncDispose]() {
        await Promise.all([grpc[Symbol.asyncDispose](), http[Symbol.asyncDispose]()]);
      },
    };
  } catch (error) {
    await http[Symbol.asyncDispose]();
    throw error;
  }
}
