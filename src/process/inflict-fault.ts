import { HarnessError } from "../errors.ts";

/** Harm that is done to one process of a service on purpose. */
export interface FaultOrder {
  /** Its word: gateway, index, model. */
  readonly service: string;
  /** It is killed; it is stopped, connections and all; or it answers late. */
  readonly kind: "kill" | "hang" | "slow";
  /** By how much, where it is slow. */
  readonly delayMs: number;
}

/** Ends the harm; resolves once the service's process is there again. */
export type UndoFault = () => Promise<void>;

/** A process that may be harmed. */
export interface Harmable {
  readonly role: string;
  /** Resolves once it is gone. */
  kill(): Promise<void>;
  /** Starts it again after `kill`; resolves once it is ready. */
  revive(): Promise<void>;
  /** It does nothing more, and yet keeps its connections. */
  stop(): Promise<void>;
  goOn(): void;
  /** Its answers come so many milliseconds late; 0: none does. */
  holdBack(ms: number): void;
}

/**
 * Does harm to a service: to the first of its processes, as they were started.
 * @throws HarnessError BAD_INPUT if there is no such service.
 */
export async function inflictFault(
  processes: readonly Harmable[],
  { service, kind, delayMs }: FaultOrder,
): Promise<UndoFault> {
  const struck = processes.find(({ role }) => role === service);
  if (struck === undefined) throw noSuchService(service, processes);
  switch (kind) {
    case "kill":
      await struck.kill();
      return () => struck.revive();
    case "hang":
      await struck.stop();
      return () => Promise.resolve(struck.goOn());
    case "slow":
      struck.holdBack(delayMs);
      return () => Promise.resolve(struck.holdBack(0));
  }
}

function noSuchService(service: string, processes: readonly Harmable[]): HarnessError {
  const roles = [...new Set(processes.map(({ role }) => role))].join(", ");
  return new HarnessError("BAD_INPUT", `no process is a ${service}; there are ${roles}`, {
    where: "faults",
  });
}
