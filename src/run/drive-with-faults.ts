import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../errors.ts";
import type { Observations } from "../load/observations.ts";
import type { PreparedLoad } from "../load/prepare.ts";
import type { Strike } from "../measure/fault-recovery.ts";
import { secondsOf } from "../scenario/fault-consistency.ts";
import type { FaultSpec } from "../scenario/fault-schema.ts";
import type { PlannedLoad } from "../scenario/planned-loads.ts";
import type { Questions } from "./questions.ts";
import { driveUnit, type Measuring } from "./measuring.ts";
import type { Unit } from "./units.ts";

/** How long a system may take to answer again once the harm is undone. */
const RECOVERY_MS = 60_000;

/** The faults that a scenario has for a load of a system. */
export function faultsFor(
  { faults }: Measuring["scenario"],
  system: string,
  { name, spec }: PlannedLoad,
): FaultSpec[] {
  // The others have no time of their own at which harm could be done.
  if (secondsOf(spec) === null) return [];
  return faults.filter((fault) => fault.system === system && (fault.load ?? name) === name);
}

/**
 * Drives a load onto a unit and harms it meanwhile. When it resolves, all harm is undone and the
 * system answers again.
 * @throws HarnessError INVALID if it does not, UNAVAILABLE if it cannot be harmed.
 */
export async function driveWithFaults(
  unit: Unit,
  faults: readonly FaultSpec[],
  prepared: PreparedLoad,
  start: { questions: Questions; startAt: number },
  measuring: Measuring,
): Promise<{ observed: Observations; strikes: Strike[] }> {
  const longest = Math.max(...faults.map(({ seconds }) => seconds));
  let begin: (startMs: number) => void = () => {};
  const started = new Promise<number>((resolve) => {
    begin = resolve;
  });
  const patient = {
    ...measuring,
    // That it cannot be reached for a while is what is looked at.
    unreachableMs: longest * 1000 + RECOVERY_MS,
    onStart: begin,
  };
  const { drive } = prepared;
  const runUpMs = drive.shape === "open" ? drive.schedule.runUpMs : 0;
  const driven = driveUnit(unit, prepared, start, patient);
  // Should it fail before it starts, nothing is harmed.
  const openMs = (await Promise.race([started, driven.then(() => 0)])) + runUpMs;
  const [observed, ...strikes] = await Promise.all([
    driven,
    ...faults.map((fault) => strike(unit, fault, openMs, measuring.signal)),
  ]);
  await answersAgain(unit, start.questions, measuring.signal);
  return { observed, strikes };
}

async function strike(
  { running, system }: Unit,
  { at, seconds, service, kind, delayMs }: FaultSpec,
  openMs: number,
  signal: AbortSignal,
): Promise<Strike> {
  if (running.inflict === undefined) {
    throw new HarnessError("UNAVAILABLE", `${system} is not ours to harm`, { where: "faults" });
  }
  await sleep(openMs + at * 1000 - performance.now(), undefined, { signal });
  const struckMs = performance.now();
  const undo = await running.inflict({ service, kind, delayMs });
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } finally {
    await undo();
  }
  return { service, kind, atSeconds: at, seconds, struckMs, undoneMs: performance.now() };
}

/** The next turn must find the system as this one did. */
async function answersAgain(
  { door, system }: Unit,
  { requests }: Questions,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = performance.now() + RECOVERY_MS;
  for (;;) {
    signal.throwIfAborted();
    const [outcome] = await Promise.allSettled([door.retrieve(requests[0]!, { timeoutMs: 2_000 })]);
    if (outcome.status === "fulfilled" && !outcome.value.partial) return;
    if (performance.now() > untilMs) {
      const cause = outcome.status === "rejected" ? outcome.reason : "its answers are partial";
      throw new HarnessError(
        "INVALID",
        `${system} did not recover within ${RECOVERY_MS / 1000} s: ${String(cause)}`,
        { where: system },
      );
    }
    await sleep(100, undefined, { signal });
  }
}
