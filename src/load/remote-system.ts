import { connectDoor } from "../door/client.ts";
import type { RemoteSettings } from "../scenario/settings.ts";
import type { StartSystem, SystemProcess } from "../system.ts";

const CONNECT_MS = 10_000;

/**
 * Connects to a system that someone else started and that speaks the door. Nothing is started or
 * stopped; its death is seen only as errors of the load. What it is made of is known as far as it
 * tells by `Stats`, which it need not have.
 * @throws HarnessError UNAVAILABLE if it does not serve.
 */
export const startRemote: StartSystem<RemoteSettings> = async (options) => {
  const { name, settings, signal } = options;
  const { address, httpAddress = null } = settings;
  const door = connectDoor(address);
  let processes: readonly SystemProcess[];
  try {
    await door.waitUntilServing(CONNECT_MS, signal);
    processes = await door.stats().then(
      (stats) => stats.processes,
      () => [],
    );
  } finally {
    door.close();
  }
  return {
    name,
    kind: "remote",
    engine: "",
    device: "",
    address,
    httpAddress,
    processes: processes.map(({ pid, role }) => ({ pid, role })),
    settings: { ...settings },
    build: { seconds: 0, bytes: 0, cached: false },
    died: new Promise(() => {}),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};
