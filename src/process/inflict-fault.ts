import { HarnessError } from "../errors.ts";
import type { RestartableProcess } from "./restartable-process.ts";

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

/** Told to a service's process: every answer is held back for so long from now on; 0: none is. */
export interface HoldBackMessage {
  readonly type: "hold-back";
  readonly ms: number;
}

/**
 * Does harm to a service: to the first of its processes, as they were started.
 * @throws HarnessError BAD_INPUT if there is no such service, or its answers cannot be held back.
 */
export async function inflictFault(
  processes: readonly RestartableProcess<unknown>[],
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
      struck.send({ type: "hold-back", ms: delayMs } satisfies HoldBackMessage);
      return () => {
        struck.send({ type: "hold-back", ms: 0 } satisfies HoldBackMessage);
        return Promise.resolve();
      };
  }
}

function noSuchService(
  service: string,
  processes: readonly { readonly role: string }[],
): HarnessError {
  const roles = [...new Set(processes.map(({ role }) => role))].join(", ");
  return new HarnessError("BAD_INPUT", `no process is a ${service}; there are ${roles}`, {
    where: "faults",
  });
}
