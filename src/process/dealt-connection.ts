import type { Socket } from "node:net";

/** Told to a service's process, and with it a connection's handle, which is its own from then on. */
export interface ConnectionMessage {
  readonly type: "connection";
  readonly door: "grpc" | "http";
}

/** Calls back with each connection that this process is given. */
export function onConnection(
  take: (socket: Socket, door: ConnectionMessage["door"]) => void,
): void {
  process.on("message", ({ type, door }: ConnectionMessage, socket?: Socket) => {
    // A caller may have gone while its connection was on the way.
    if (type === "connection" && socket !== undefined) take(socket, door);
  });
}
