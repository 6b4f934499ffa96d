import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../../src/errors.ts";
import type { StartOptions } from "../../src/system.ts";

const HOST = "127.0.0.1";

/** Somebody else may take a port that was free a moment ago. */
const MOST_ATTEMPTS = 3;
const START_TIMEOUT_MS = 20_000;
const LOOK_AGAIN_MS = 10;
const STOP_GRACE_MS = 5_000;

/** A Redis server of the mesh's own, in memory alone: Debian's, or whichever `redis-server` is. */
export class RedisServer implements AsyncDisposable {
  readonly role = "redis";
  readonly pid: number;
  readonly url: string;
  /** Resolves, with the reason, if it ends without having been stopped. */
  readonly died: Promise<HarnessError>;
  readonly #child: ChildProcess;
  #stopping = false;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid!;
    this.url = `redis://${HOST}:${port}`;
    this.died = new Promise((resolve) => {
      const report = (): void => {
        if (!this.#stopping) resolve(deathOf(child));
      };
      if (hasEnded(child)) report();
      else child.once("exit", report);
    });
  }

  /** @throws HarnessError UNAVAILABLE if there is no redis-server, or it does not start. */
  static async start(
    options: Pick<StartOptions<unknown>, "cpus" | "signal">,
  ): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const child = launch(port, options.cpus);
      try {
        await untilServing(child, port, options.signal);
        return new RedisServer(child, port);
      } catch (error) {
        if (!hasEnded(child)) {
          child.kill("SIGKILL");
          await once(child, "exit");
        } else if (child.pid !== undefined && attempt < MOST_ATTEMPTS) continue;
        throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    if (hasEnded(this.#child)) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_GRACE_MS);
    await ended;
    clearTimeout(timer);
  }
}

function launch(port: number, cpus: readonly number[] | null): ChildProcess {
  const server = ["redis-server", "--bind", HOST, "--port", `${port}`];
  // What it holds is built from the dataset: nothing of it is worth a disk.
  const inMemory = ["--save", "", "--appendonly", "no", "--daemonize", "no"];
  const pinned = cpus === null ? [] : ["taskset", "-c", cpus.join(",")];
  // It must not outlive a harness that was killed; unlike our own services it cannot see that.
  const guarded = process.platform === "linux" ? ["setpriv", "--pdeathsig", "KILL"] : [];
  const [command, ...args] = [
    ...guarded,
    ...(process.platform === "linux" ? pinned : []),
    ...server,
    ...inMemory,
  ];
  const child = spawn(command!, args, { stdio: "ignore", cwd: "/" });
  child.on("error", () => {});
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function untilServing(child: ChildProcess, port: number, signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (hasEnded(child) || performance.now() > untilMs) {
      throw new HarnessError("UNAVAILABLE", `redis-server did not start: ${howEnded(child)}`, {
        where: "store",
        hint: "install it (apt-get install redis-server), or set store: lmdb, or store: redis://host:port of one that runs",
      });
    }
    await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
}

/** Whether a Redis server says that it is ready. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  try {
    await once(socket, "connect");
    socket.write("PING\r\n");
    const [reply] = (await once(socket, "data")) as [Buffer];
    return reply.toString().startsWith("+PONG");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function deathOf(child: ChildProcess): HarnessError {
  return new HarnessError(
    "INVALID",
    `the redis process (pid ${child.pid}) died: ${howEnded(child)}`,
    {
      where: "redis",
    },
  );
}

function howEnded({ pid, exitCode, signalCode }: ChildProcess): string {
  if (pid === undefined) return "it is not installed";
  if (signalCode !== null) return signalCode;
  return exitCode === null ? "it is silent" : `exit code ${exitCode}`;
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
