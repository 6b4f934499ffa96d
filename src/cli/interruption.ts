import { HarnessError } from "../errors.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

const INTERRUPTED = 130 satisfies ExitCode;

/**
 * Turns Ctrl-C (and SIGTERM, SIGHUP) into an abort that lets the work stop every process and save
 * what it has. The second Ctrl-C ends this process at once; the services end with it.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #listener: (name: NodeJS.Signals) => void;

  constructor(terminal: Terminal) {
    this.#listener = (name) => {
      if (this.signal.aborted) process.exit(INTERRUPTED);
      terminal.note(`\n${name}: stopping every process; press Ctrl-C again to end at once`);
      this.#controller.abort(new HarnessError("INTERRUPTED", `stopped by ${name}`));
    };
    for (const name of SIGNALS) process.on(name, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#listener);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies NodeJS.Signals[];
