import type { Socket } from "node:net";
import { runService } from "../process/service-main.ts";
import { acceptGrpcDoor } from "./grpc-door.ts";
import { acceptHttpDoor } from "./http-door.ts";
import { ownProcessStats } from "./own-process.ts";
import { RelayDesk } from "./relay-desk.ts";
import {
  DOOR_ROLE,
  type DoorWorkerConfig,
  type FromWorker,
  type ToWorker,
} from "./relay-message.ts";
import { trafficCounters } from "./traffic.ts";

const post = (message: FromWorker): void => {
  if (process.connected) process.send!(message);
};

// The process of a door worker: it reads requests from the connections it is handed and writes
// their answers, so that the process of the engine has only the engine to feed.
runService<DoorWorkerConfig, object>(async ({ limits, tls }) => {
  const desk = new RelayDesk(limits, post);
  const doors = { grpc: acceptGrpcDoor(desk, tls), http: acceptHttpDoor(desk, tls) };
  process.on("message", (message: ToWorker, socket?: Socket) => {
    if (message.type === "connection") {
      // A caller may have gone while its connection was on the way.
      if (socket !== undefined) doors[message.door].accept(socket);
    } else if (message.type === "usage") {
      const process = ownProcessStats(DOOR_ROLE);
      post({ type: "usage", id: message.id, process, counters: trafficCounters() });
    } else desk.receive(message);
  });
  return {
    ready: {},
    stop: async () => {
      await Promise.all(Object.values(doors).map((door) => door[Symbol.asyncDispose]()));
    },
  };
});
