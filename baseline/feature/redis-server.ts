import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../../src/errors.ts";
import type { Harmable } from "../../src/process/inflict-fault.ts";
import type { StartOptions } from "../../src/system.ts";

const HOST = "127.0.0.1";

/** Somebody else may take a port that was free a moment ago. */
const MOST_ATTEMPTS = 3;
const START_TIMEOUT_MS = 20_000;
const LOOK_AGAIN_MS = 10;
const STOP_GRACE_MS = 5_000;

/** While it answers late it works for so long at a time, and stands still for the delay between. */
const WORKS_MS = 5;

type RedisOptions = Pick<StartOptions<unknown>, "cpus" | "signal">;

/** A Redis server of the mesh's own, in memory alone: Debian's, or whichever `redis-server` is. */
export class RedisServer implements Harmable, AsyncDisposable {
  readonly role = "redis";
  readonly url: string;
  /** Resolves, with the reason, if it ends without having been stopped or killed on purpose. */
  readonly died: Promise<HarnessError>;
  readonly #port: number;
  readonly #options: RedisOptions;
  #child: ChildProcess;
  /** Those whose end was meant. */
  readonly #ended = new WeakSet<ChildProcess>();
  #slow: NodeJS.Timeout | null = null;
  #tellDeath: (reason: HarnessError) => void = () => {};

  private constructor(child: ChildProcess, port: number, options: RedisOptions) {
    this.#child = child;
    this.#port = port;
    this.#options = options;
    this.url = `redis://${HOST}:${port}`;
    this.died = new Promise((resolve) => {
      this.#tellDeath = resolve;
    });
    this.#watch(child);
  }

  /** @throws HarnessError UNAVAILABLE if there is no redis-server, or it does not start. */
  static async start(options: RedisOptions): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const child = launch(port, options.cpus);
      try {
        await untilServing(child, port, options.signal);
        return new RedisServer(child, port, options);
      } catch (error) {
        const hasFailed = hasEnded(child);
        await endNow(child);
        if (hasFailed && child.pid !== undefined && attempt < MOST_ATTEMPTS) continue;
        throw error;
      }
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async kill(): Promise<void> {
    this.#ended.add(this.#child);
    await endNow(this.#child);
  }

  /** At the same port, and empty: whoever needs what was in it must bring it again. */
  async revive(): Promise<void> {
    const { cpus, signal } = this.#options;
    const child = launch(this.#port, cpus);
    this.#child = child;
    try {
      await untilServing(child, this.#port, signal);
      this.#watch(child);
    } catch (thrown) {
      await endNow(child);
      const error = HarnessError.from(thrown);
      this.#tellDeath(error);
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#child.kill("SIGSTOP");
    return Promise.resolve();
  }

  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  /** It cannot be told to wait, so it is stopped for the delay again and again. */
  holdBack(ms: number): void {
    if (this.#slow !== null) clearTimeout(this.#slow);
    this.#slow = null;
    this.goOn();
    if (ms === 0) return;
    const stop = (): void => {
      this.#child.kill("SIGSTOP");
      this.#slow = setTimeout(() => {
        this.goOn();
        this.#slow = setTimeout(stop, WORKS_MS);
      }, ms);
    };
    stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.add(this.#child);
    if (hasEnded(this.#child)) return;
    // What is stopped cannot end.
    this.holdBack(0);
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_GRACE_MS);
    await ended;
    clearTimeout(timer);
  }

  #watch(child: ChildProcess): void {
    const report = (): void => {
      if (!this.#ended.has(child)) this.#tellDeath(deathOf(child));
    };
    if (hasEnded(child)) report();
    else child.once("exit", report);
  }
}

async function endNow(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
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
