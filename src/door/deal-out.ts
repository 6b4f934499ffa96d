import { createServer, type Server, type Socket } from "node:net";

/** Which of a system's two doors a connection came to. */
export type DoorName = "grpc" | "http";

/** A process that connections are dealt out to. */
export interface ConnectionTaker {
  /** Whether it can be given any now. */
  readonly isThere: boolean;
  /** @param socket a connection of which nothing has been read yet. */
  take(socket: Socket, door: DoorName): void;
}

/**
 * A server that hands each connection, unread, to the next process in turn that is there: a share
 * of a listening port would leave it to chance how many each gets.
 */
export function dealOut(takers: readonly ConnectionTaker[], door: DoorName): Server {
  let turn = 0;
  return createServer({ pauseOnConnect: true }, (socket) => {
    for (let tries = 0; tries < takers.length; tries++) {
      turn = (turn + 1) % takers.length;
      const taker = takers[turn]!;
      if (taker.isThere) {
        taker.take(socket, door);
        return;
      }
    }
    socket.destroy();
  });
}
