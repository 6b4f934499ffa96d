import { readFile } from "node:fs/promises";
import { HarnessError } from "../../src/errors.ts";
import { allowedCpus, moveToCpus, parseCpuList } from "../../src/process/cpu-affinity.ts";
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
 * With so many CPUs each, nobody shares any: nor a core, where there are so many cores. With null
 * only the index service alone is kept apart from who asks it: it has the last CPU and nothing
 * beside it.
 * @throws HarnessError BAD_INPUT if there are too few.
 */
export async function planCores(each: number | null): Promise<CorePlan> {
  if (process.platform !== "linux") return planOf(each, []);
  return planOf(each, await coresOf(await allowedCpus()));
}

/** CPUs by the core that they are threads of. */
async function coresOf(allowed: readonly number[]): Promise<number[][]> {
  const cores = new Map<number, number[]>();
  for (const cpu of allowed) {
    const [first] = (await siblingsOf(cpu)).filter((one) => allowed.includes(one));
    const core = cores.get(first ?? cpu);
    if (core === undefined) cores.set(first ?? cpu, [cpu]);
    else core.push(cpu);
  }
  return [...cores.values()];
}

async function siblingsOf(cpu: number): Promise<number[]> {
  const path = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
  try {
    return parseCpuList(await readFile(path, "utf8"));
  } catch {
    return [cpu]; // some containers do not show it
  }
}

/** The plan for a machine with these cores; none: they cannot be chosen there. */
export function planOf(each: number | null, cores: readonly (readonly number[])[]): CorePlan {
  if (each === null) return { cpusOf: () => null, indexAlone: lastAlone(cores) };
  const wanted = each * USERS.length;
  // A CPU of each core, where that is enough; else those of a core are side by side.
  const cpus = cores.length >= wanted ? cores.map(([first]) => first!) : cores.flat();
  if (cpus.length < wanted) {
    const text = `${each} CPUs each for ${USERS.join(", ")} are ${wanted}; there are ${cpus.length}`;
    throw new HarnessError("BAD_INPUT", text, {
      where: "--cores-each",
      hint: "give fewer, or none",
    });
  }
  const cpusOf = (user: CoreUser): Cpus => {
    const at = USERS.indexOf(user) * each;
    return cpus.slice(at, at + each);
  };
  return { cpusOf, indexAlone: { index: cpusOf("index"), client: cpusOf("client") } };
}

function lastAlone(cores: readonly (readonly number[])[]): CorePlan["indexAlone"] {
  const last = cores.at(-1)?.at(-1);
  const others = cores.length > 1 ? cores.slice(0, -1).flat() : cores.flat().slice(0, -1);
  if (last === undefined || others.length === 0) return { index: null, client: null };
  return { index: [last], client: others };
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
