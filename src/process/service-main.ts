import { explain, type HarnessError } from "../errors.ts";
import { toFailureMessage } from "./failure-message.ts";
import type { ServiceMessage } from "./service-process.ts";

export interface RunningService<Ready> {
  /** Told to the parent: the ports it listens on, what it loaded. Plain JSON. */
  readonly ready: Ready;
  /** Stops accepting, finishes what is in flight, frees everything. */
  readonly stop: () => Promise<void>;
}

export type ReportProgress = (phase: string, fraction: number) => void;

/**
 * The main function of a service process. It waits for its config from the parent, starts, says
 * it is ready, and ends on SIGTERM, or at once when the parent is gone, so that a killed harness
 * leaves no service behind.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a service states both messages
export function runService<Config, Ready>(
  start: (config: Config, onProgress: ReportProgress) => Promise<RunningService<Ready>>,
): void {
  const role = process.env["SILVERBENCH_ROLE"] ?? "service";
  process.title = `silverbench-${role}`;
  let running: RunningService<Ready> | null = null;

  const send = (message: ServiceMessage<Ready>): void => {
    if (process.connected) process.send!(message);
  };
  const run = async (config: Config): Promise<void> => {
    try {
      running = await start(config, (phase, fraction) =>
        send({ type: "progress", phase, fraction }),
      );
      send({ type: "ready", ready: running.ready });
    } catch (thrown) {
      send({ type: "failed", error: toFailureMessage(thrown) });
      // The parent kills us once it has read the message.
      process.exitCode = 1;
    }
  };
  const stop = (): void => {
    if (running === null) process.exit(0);
    const { stop: drain } = running;
    drain().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", stop);
  // A terminal's Ctrl-C reaches the whole process group; the parent decides when we end.
  process.on("SIGINT", () => {});
  process.once("disconnect", () => process.exit(0));

  process.once("message", (message: { type: "start"; config: Config }) => {
    void run(message.config);
  });
}

/**
 * Ends a service that cannot answer any more: whoever watches its process must be told. The
 * reason goes to stderr, whose end the parent keeps.
 */
export function endService(error: HarnessError): void {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
