import { HarnessError } from "../../src/errors.ts";
import { allowedCpus, moveToCpus } from "../../src/process/cpu-affinity.ts";
import type { System } from "../../src/system.ts";

const USERS = ["client", "gateway", "feature", "filter", "index"] as const;

/** Who has cores of its own: the benchmark, which asks, and each process of the mesh. */
export type CoreUser = (typeof USERS)[number];

/** CPUs by number; null: wherever the scheduler likes. */
export type Cpus = readonly number[] | null;

/** Which CPUs everyone runs on. */
export interface CorePlan {
  readonly cpusOf: (user: CoreUser) => Cpus;
  /** For the index service, and usearch in its place, asked from the others. */
  readonly indexAlone: { readonly index: Cpus; readonly client: Cpus };
}

/**
 * With so many cores each, nobody shares any. With null only the index service alone is kept apart
 * from who asks it: it has the last CPU and nothing beside it.
 * @throws HarnessError BAD_INPUT if there are too few.
 */
export async function planCores(each: number | null): Promise<CorePlan> {
  const allowed = process.platform === "linux" ? await allowedCpus() : [];
  return planOf(each, allowed);
}

/** The plan for a machine with these CPUs; none: they cannot be chosen there. */
export function planOf(each: number | null, allowed: readonly number[]): CorePlan {
  if (each === null) {
    const alone =
      allowed.length < 2
        ? { index: null, client: null }
        : { index: allowed.slice(-1), client: allowed.slice(0, -1) };
    return { cpusOf: () => null, indexAlone: alone };
  }
  const wanted = each * USERS.length;
  if (allowed.length < wanted) {
    const text = `${each} cores each for ${USERS.join(", ")} are ${wanted}; there are ${allowed.length}`;
    throw new HarnessError("BAD_INPUT", text, {
      where: "--cores-each",
      hint: "give fewer, or none",
    });
  }
  const cpusOf = (user: CoreUser): Cpus => {
    const at = USERS.indexOf(user) * each;
    return allowed.slice(at, at + each);
  };
  return { cpusOf, indexAlone: { index: cpusOf("index"), client: cpusOf("client") } };
}

/**
 * Moves the processes of a mesh to their cores. One that is a single process has the gateway's. It
 * must have been started on as many as each gets, since that is how many threads each has.
 */
export async function spread({ processes }: System, { cpusOf }: CorePlan): Promise<void> {
  for (const { pid, role } of processes) {
    const cpus = cpusOf(USERS.find((user) => user === role) ?? "gateway");
    if (cpus !== null) await moveToCpus(pid, cpus);
  }
}
