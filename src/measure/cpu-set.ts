import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { HarnessError } from "../errors.ts";
import { allowedCpus } from "../process/cpu-affinity.ts";

/** Which CPUs the systems and the load run on; null: wherever the scheduler likes. */
export interface CpuPlan {
  readonly system: readonly number[] | null;
  readonly client: readonly number[] | null;
  /** Why nothing is pinned, or that the two share CPUs; "" where all is well. */
  readonly reason: string;
}

const run = promisify(execFile);

/**
 * Splits the CPUs between the systems under test and the load. `auto`: the last half to the
 * systems; `all`: no split; a list: those to the systems, the rest to the load. Pinning is Linux's
 * (`taskset`); elsewhere the plan says why there is none. Plan before pinning: afterwards the other
 * CPUs are no longer allowed.
 * @throws HarnessError BAD_INPUT for a CPU that does not exist or may not be used.
 */
export async function planCpus(spec: "auto" | "all" | readonly number[]): Promise<CpuPlan> {
  if (process.platform !== "linux") {
    return unpinned(`CPU sets need Linux; this is ${process.platform}`);
  }
  if (spec === "all") return unpinned("the scenario lets the systems and the load share all CPUs");
  const allowed = await allowedCpus();
  try {
    await run("taskset", ["--version"]);
  } catch {
    return unpinned("taskset (package util-linux) is not installed");
  }
  return splitCpus(spec, allowed);
}

/** The plan for a machine with these CPUs; see `planCpus`. */
export function splitCpus(spec: "auto" | readonly number[], allowed: readonly number[]): CpuPlan {
  if (spec === "auto") {
    if (allowed.length < 2) return unpinned("there is only one CPU");
    const half = Math.floor(allowed.length / 2);
    return { system: allowed.slice(half), client: allowed.slice(0, half), reason: "" };
  }
  const absent = spec.filter((cpu) => !allowed.includes(cpu));
  if (absent.length > 0) {
    throw new HarnessError(
      "BAD_INPUT",
      `CPU ${absent.join(", ")} cannot be used here; the CPUs are ${allowed.join(", ")}`,
      { where: "cpus" },
    );
  }
  const system = [...new Set(spec)].toSorted((a, b) => a - b);
  const rest = allowed.filter((cpu) => !system.includes(cpu));
  return rest.length > 0
    ? { system, client: rest, reason: "" }
    : { system, client: system, reason: "the systems have every CPU, so the load shares them" };
}

const unpinned = (reason: string): CpuPlan => ({ system: null, client: null, reason });
