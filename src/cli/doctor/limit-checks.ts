import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { type Check, missing, ok, warn } from "./check.ts";

/** A run with many connections, shards and copies opens hundreds; a door under attack thousands. */
const ENOUGH_FILES = 4_096;
/** Ports that a run listens on at once, generously. */
const TRIED_PORTS = 32;
/** Loads open and close connections, and each end keeps its port for a minute. */
const ENOUGH_PORTS = 5_000;

/** Limits that the operating system sets to this process: open files and ports. */
export async function limitChecks(): Promise<Check[]> {
  const limits = await textOf("/proc/self/limits");
  const range = await textOf("/proc/sys/net/ipv4/ip_local_port_range");
  const sockets = await textOf("/proc/net/sockstat");
  const refusal = await refusalOfPorts();
  return [
    ...(limits === null ? [] : [fileCheck(limits)]),
    portCheck(refusal, range === null ? null : freePorts(range, sockets ?? "")),
  ];
}

/** @param limits /proc/self/limits. */
export function fileCheck(limits: string): Check {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1] ?? "unknown";
  const found = `${soft} may be open`;
  if (soft === "unlimited" || Number(soft) >= ENOUGH_FILES) return ok("open files", found);
  return warn("open files", found, "ulimit -n 65536, or LimitNOFILE of the service or container");
}

/** @param free ports that connections may still take; null where it is not known. */
export function portCheck(refusal: string | null, free: number | null): Check {
  if (refusal !== null) {
    const found = `127.0.0.1 cannot be listened on: ${refusal}`;
    return missing("ports", found, "let this user open ports on the loopback interface");
  }
  if (free === null) return ok("ports", "the loopback interface can be listened on");
  const found = `${free.toLocaleString("en-US")} free for connections`;
  if (free >= ENOUGH_PORTS) return ok("ports", found);
  return warn(
    "ports",
    found,
    'wait until closed connections are forgotten, or sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
  );
}

/**
 * @param range "32768\t60999"
 * @param sockets /proc/net/sockstat: those in use, and those that wait for their end.
 */
export function freePorts(range: string, sockets: string): number {
  const [first = 0, last = 0] = range.split(/\s+/).map(Number);
  const [, inUse = "0", waiting = "0"] = /^TCP: inuse (\d+) .*?tw (\d+)/m.exec(sockets) ?? [];
  return Math.max(0, last - first + 1 - Number(inUse) - Number(waiting));
}

/** Why a number of ports cannot be had; null: they can. */
async function refusalOfPorts(): Promise<string | null> {
  const servers: Server[] = [];
  try {
    for (let i = 0; i < TRIED_PORTS; i++) servers.push(await listening());
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    for (const server of servers) server.close();
  }
}

function listening(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}
