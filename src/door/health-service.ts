import type { Server, ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { loadHealthService } from "./service-definition.ts";

type Serving = "SERVING" | "NOT_SERVING";
interface CheckRequest {
  readonly service: string;
}
interface CheckResponse {
  readonly status: Serving | "SERVICE_UNKNOWN";
}

export interface Health {
  set(state: Serving): void;
  /** Says NOT_SERVING to all who watch and lets them go. */
  close(): void;
}

/**
 * Adds grpc.health.v1.Health to a server, for one service and for the server as a whole (""). It
 * says NOT_SERVING until told otherwise.
 */
export function serveHealth(server: Server, service: string): Health {
  const watchers = new Set<ServerWritableStream<CheckRequest, CheckResponse>>();
  let state: Serving = "NOT_SERVING";
  const isKnown = (name: string): boolean => name === "" || name === service;

  server.addService(loadHealthService(), {
    Check: (
      { request }: ServerUnaryCall<CheckRequest, CheckResponse>,
      respond: sendUnaryData<CheckResponse>,
    ) => {
      if (isKnown(request.service)) respond(null, { status: state });
      else respond({ code: status.NOT_FOUND, details: `no service ${request.service} here` });
    },
    Watch: (call: ServerWritableStream<CheckRequest, CheckResponse>) => {
      if (!isKnown(call.request.service)) {
        call.write({ status: "SERVICE_UNKNOWN" });
        return;
      }
      call.write({ status: state });
      watchers.add(call);
      call.on("cancelled", () => watchers.delete(call));
    },
  });
  const set = (next: Serving): void => {
    state = next;
    for (const watcher of watchers) watcher.write({ status: state });
  };
  return {
    set,
    close: () => {
      set("NOT_SERVING");
      for (const watcher of watchers) watcher.end();
      watchers.clear();
    },
  };
}
