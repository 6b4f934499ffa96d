import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../errors.ts";
import type { HoldBackMessage } from "./hold-back.ts";
import type { Harmable } from "./inflict-fault.ts";
import { type QuerySettingsMessage, saysTheyHold } from "./query-settings.ts";
import { type ServiceLaunch, ServiceProcess } from "./service-process.ts";

/** Starts of a service that was killed, and the pause between them. */
const MOST_STARTS = 10;
const PAUSE_MS = 500;

/**
 * A service whose process may be killed and stopped on purpose, and started again where it was.
 * That it dies of anything else is told as of any service.
 */
export class RestartableProcess<Ready> implements Harmable, AsyncDisposable {
  readonly role: string;
  /** Resolves, with the reason, once it has died and was not killed here, or cannot come back. */
  readonly died: Promise<HarnessError>;
  readonly #startAgain: (ending: AbortSignal) => Promise<ServiceProcess<Ready>>;
  readonly #ending = new AbortController();
  #tellDeath: (reason: HarnessError) => void = () => {};
  /** Those who wait until what goes with every query holds, in their order. */
  #telling: (() => void)[] = [];
  readonly #listeners: ((message: unknown) => void)[] = [];
  #current: ServiceProcess<Ready>;
  #killed: ServiceProcess<Ready> | null = null;
  #revival: Promise<void> | null = null;

  private constructor(
    first: ServiceProcess<Ready>,
    startAgain: (ending: AbortSignal) => Promise<ServiceProcess<Ready>>,
  ) {
    this.role = first.role;
    this.#startAgain = startAgain;
    this.died = new Promise((resolve) => {
      this.#tellDeath = resolve;
    });
    this.#current = first;
    this.#watch(first);
  }

  /**
   * @param again What it is started with again: it must be reached where the first one was, so its
   *   ports are those that the first one told.
   * @throws HarnessError as the process gave it; nothing is left behind.
   */
  static async start<Config, Ready>(
    launch: ServiceLaunch<Config>,
    again: (ready: Ready) => Config,
  ): Promise<RestartableProcess<Ready>> {
    const first = await ServiceProcess.start<Config, Ready>(launch);
    return new RestartableProcess(first, (ending) =>
      startWherePortsAreFree<Config, Ready>({
        ...launch,
        config: again(first.ready),
        signal: AbortSignal.any([launch.signal, ending]),
      }),
    );
  }

  /** Of the process at hand; while there is none, of the one that was killed. */
  get pid(): number {
    return this.#current.pid;
  }

  get ready(): Ready {
    return this.#current.ready;
  }

  /** Whether there is a process: none was killed that is not back yet. */
  get isThere(): boolean {
    return this.#current !== this.#killed;
  }

  /** Sends the process at hand a message, and with it a connection, which is its own then. */
  send(message: object, socket?: Socket): void {
    this.#current.send(message, socket);
  }

  /** Calls back with each message of the process, and of those that follow it. */
  onMessage(listener: (message: unknown) => void): void {
    this.#listeners.push(listener);
  }

  holdBack(ms: number): void {
    this.#current.send({ type: "hold-back", ms } satisfies HoldBackMessage);
  }

  /**
   * Has this go with every query of its, once it resolves and until it is started again. Of one that
   * has died, `died` tells.
   */
  async setForQueries(settings: object): Promise<void> {
    const told = new Promise<void>((resolve) => this.#telling.push(resolve));
    this.#current.send({ type: "query-settings", settings } satisfies QuerySettingsMessage);
    await Promise.race([told, this.#current.died]);
  }

  /** Kills it, once it is there; resolves once it is gone. */
  async kill(): Promise<void> {
    await this.#revival;
    const { pid, died } = this.#current;
    this.#killed = this.#current;
    process.kill(pid, "SIGKILL");
    await died;
  }

  /** Starts it again after `kill`; resolves once it is ready. */
  revive(): Promise<void> {
    this.#revival ??= this.#startAgain(this.#ending.signal).then(
      (revived) => {
        this.#current = revived;
        this.#revival = null;
        this.#watch(revived);
        return undefined;
      },
      (thrown: unknown) => {
        const error = HarnessError.from(thrown);
        this.#tellDeath(error);
        throw error;
      },
    );
    return this.#revival;
  }

  /** Once it is there it does nothing more, and yet keeps its connections. */
  async stop(): Promise<void> {
    await this.#revival;
    process.kill(this.pid, "SIGSTOP");
  }

  goOn(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** Ends it, whatever was done to it. Safe to call twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new HarnessError("INTERRUPTED", "it is ended"));
    await this.#revival?.catch(() => {});
    try {
      // What is stopped cannot drain.
      this.goOn();
    } catch {
      // It has ended already.
    }
    await this.#current[Symbol.asyncDispose]();
  }

  #watch(watched: ServiceProcess<Ready>): void {
    this.#telling = [];
    watched.onMessage((message) => {
      if (saysTheyHold(message)) this.#telling.shift()?.();
      else for (const listen of this.#listeners) listen(message);
    });
    // oxlint-disable-next-line promise/always-return -- nobody waits for it
    void watched.died.then((reason) => {
      if (watched !== this.#killed) this.#tellDeath(reason);
    });
  }
}

/**
 * While a service is down, the port it had is one that the system may give to any connection that
 * leaves this machine's processes, for as long as that lasts.
 */
async function startWherePortsAreFree<Config, Ready>(
  launch: ServiceLaunch<Config>,
): Promise<ServiceProcess<Ready>> {
  for (let starts = 1; ; starts++) {
    try {
      return await ServiceProcess.start<Config, Ready>(launch);
    } catch (thrown) {
      const error = HarnessError.from(thrown);
      if (error.code !== "BAD_INPUT" || starts === MOST_STARTS) throw error;
      // Where it is ended meanwhile, the next start tells why.
      await sleep(PAUSE_MS, undefined, { signal: launch.signal }).catch(() => {});
    }
  }
}
