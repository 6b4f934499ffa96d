import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { HarnessError } from "../errors.ts";
import { type FailureMessage, fromFailureMessage } from "./failure-message.ts";
import { withHugePages } from "./huge-pages.ts";

export interface ServiceLaunch<Config> {
  /** Compiled module that calls `runService`. */
  readonly file: string;
  /** The word for it in errors, reports and process lists. */
  readonly role: string;
  /** Sent over the IPC channel; plain JSON. */
  readonly config: Config;
  /** CPUs it may run on; null: wherever the scheduler likes. Linux only. */
  readonly cpus: readonly number[] | null;
  /** Called while it builds or loads: a phase and a fraction 0..1 (NaN: unknown). */
  readonly onProgress?: (phase: string, fraction: number) => void;
  readonly signal: AbortSignal;
  readonly startTimeoutMs?: number;
  readonly nodeFlags?: readonly string[];
  /** Added to the environment that it shares with this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export type ServiceMessage<Ready> =
  | { readonly type: "ready"; readonly ready: Ready }
  | { readonly type: "progress"; readonly phase: string; readonly fraction: number }
  | {
      readonly type: "failed";
      readonly error: FailureMessage;
    };

/** How long a service may take to drain after SIGTERM before it is killed. */
const STOP_GRACE_MS = 5_000;

/** One OS process of a system, started and ready. */
export class ServiceProcess<Ready> implements AsyncDisposable {
  readonly role: string;
  readonly pid: number;
  readonly ready: Ready;
  /** Resolves, with the reason, if it ends without having been stopped. */
  readonly died: Promise<HarnessError>;
  readonly #child: ChildProcess;
  #stopping = false;

  private constructor(role: string, child: ChildProcess, ready: Ready, output: () => string) {
    this.role = role;
    this.pid = child.pid!;
    this.ready = ready;
    this.#child = child;
    this.died = new Promise((resolve) => {
      const report = (): void => {
        if (!this.#stopping) resolve(deathOf(role, child, output()));
      };
      if (hasEnded(child)) report();
      else child.once("exit", report);
    });
  }

  /**
   * Starts the process and waits until it says it is ready. A process that ends, fails or stays
   * silent instead is an error that carries the end of its stderr; nothing is left behind.
   */
  static async start<Config, Ready>(launch: ServiceLaunch<Config>): Promise<ServiceProcess<Ready>> {
    launch.signal.throwIfAborted();
    const { role } = launch;
    const child = spawnPinned(launch);
    // An error after the start (a message to a process that has just died) shows as its exit.
    child.on("error", () => {});
    const output = tailOf(child);
    try {
      const ready = await waitUntilReady<Config, Ready>(child, launch, output);
      return new ServiceProcess<Ready>(role, child, ready, output);
    } catch (error) {
      await kill(child);
      throw error;
    }
  }

  /**
   * Sends it a message once it is ready, and with it a connection, which is its own from then on.
   * To a process that has ended nothing is sent; its end is told by `died`.
   */
  send(message: object, socket?: Socket): void {
    if (this.#child.connected) this.#child.send(message, socket);
    else socket?.destroy();
  }

  /** Calls back with each message that it sends once it is ready. */
  onMessage(listener: (message: unknown) => void): void {
    this.#child.on("message", listener);
  }

  /** Asks it to drain and end; kills it if it has not within the grace time. Safe to call twice. */
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

function spawnPinned<Config>(launch: ServiceLaunch<Config>): ChildProcess {
  const pinned = launch.cpus !== null && process.platform === "linux";
  const env = withHugePages({ ...process.env, ...launch.env, SILVERBENCH_ROLE: launch.role });
  // taskset execs node in its own place, so the pid and the IPC channel are the service's.
  return fork(launch.file, [], {
    env,
    execArgv: ["--enable-source-maps", ...(launch.nodeFlags ?? [])],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    ...(pinned
      ? {
          execPath: "taskset",
          execArgv: [
            "-c",
            launch.cpus.join(","),
            process.execPath,
            "--enable-source-maps",
            ...(launch.nodeFlags ?? []),
          ],
        }
      : {}),
  });
}

function waitUntilReady<Config, Ready>(
  child: ChildProcess,
  launch: ServiceLaunch<Config>,
  output: () => string,
): Promise<Ready> {
  const { role, signal, onProgress } = launch;
  return new Promise<Ready>((resolve, reject) => {
    const timeoutMs = launch.startTimeoutMs ?? 60_000;
    // Progress counts as a sign of life: the clock measures silence, not work.
    const timer = setTimeout(() => {
      settle(() =>
        reject(
          new HarnessError(
            "UNAVAILABLE",
            `the ${role} process was not ready and silent for ${timeoutMs / 1000} s`,
          ),
        ),
      );
    }, timeoutMs);
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    const onExit = (): void => settle(() => reject(deathOf(role, child, output())));
    const onError = (cause: Error): void =>
      settle(() =>
        reject(
          new HarnessError("UNAVAILABLE", `the ${role} process could not be started`, { cause }),
        ),
      );
    const onMessage = (message: ServiceMessage<Ready>): void => {
      if (message.type === "progress") {
        timer.refresh();
        onProgress?.(message.phase, message.fraction);
      } else if (message.type === "ready") {
        settle(() => resolve(message.ready));
      } else {
        settle(() => reject(fromFailureMessage(message.error, role)));
      }
    };
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      child.off("exit", onExit).off("error", onError).off("message", onMessage);
      end();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    child.on("exit", onExit).on("error", onError).on("message", onMessage);
    child.send({ type: "start", config: launch.config });
  });
}

function deathOf(role: string, child: ChildProcess, stderr: string): HarnessError {
  const how = child.signalCode === null ? `exit code ${child.exitCode}` : child.signalCode;
  const tail = stderr.trim();
  return new HarnessError(
    "INVALID",
    `the ${role} process (pid ${child.pid}) died: ${how}${tail === "" ? "" : `\n${tail}`}`,
    { where: role },
  );
}

/** Keeps the last 4 KiB that the process wrote to stderr. */
function tailOf(child: ChildProcess): () => string {
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-4096);
  });
  return () => tail;
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

async function kill(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
