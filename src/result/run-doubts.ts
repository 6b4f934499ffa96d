import { doubt } from "./doubts.ts";
import { firstOf } from "./role.ts";
import type { Doubt, Point, Result } from "./schema.ts";

type Run = Pick<
  Result,
  "complete" | "incompleteReason" | "resumptions" | "systems" | "dataset" | "scenario"
>;

/** How it was run, and what it lacks. */
export function ofTheRun(result: Run): Doubt[] {
  const doubts: Doubt[] = [];
  if (!result.complete) doubts.push(doubt("incomplete", result.incompleteReason));
  if (result.resumptions.length > 0) {
    const ends = result.resumptions.map(({ at, after }) => `${after} (again from ${at})`);
    doubts.push(doubt("resumed", ends.join("; ")));
  }
  if (firstOf(result, "mesh") === null) doubts.push(doubt("no-mesh"));
  else if (firstOf(result, "in-process") === null) {
    const missing = "the ratio holds the cost of gRPC in Node as well as that of the architecture";
    doubts.push(doubt("no-in-process-mesh", missing));
  }
  const { requests, scored } = result.dataset;
  if (scored !== null && scored < requests) {
    doubts.push(
      doubt("sampled-truth", `the oracle answered ${scored} of the ${requests} distinct requests`),
    );
  }
  const shape = result.scenario.loads[result.scenario.headlineLoad]?.["shape"];
  if (shape === "closed" || shape === "http") {
    doubts.push(
      doubt(
        "closed-loop",
        "it says nothing about latency at a given rate of arrivals, where queues form",
      ),
    );
  }
  return doubts;
}

/** What was done to the systems, and how long each took to answer well again. */
export function ofTheFaults({ points }: Pick<Result, "points">): Doubt[] {
  const partial = points.filter((point) => point.partial > 0);
  const marked = partial.map((point) => `${point.partial} of ${point.key}`);
  const struck = new Map<string, Point["faults"][number][]>();
  for (const { system, load, faults } of points) {
    for (const fault of faults) {
      const { service, kind, atSeconds } = fault;
      const what = `${service} ${kind} at ${atSeconds} s of ${system}/${load}`;
      struck.set(what, [...(struck.get(what) ?? []), fault]);
    }
  }
  const told = [...struck].map(([what, faults]) => `${what}: ${outcomeOf(faults)}`);
  return [
    ...(marked.length === 0 ? [] : [doubt("partial-answers", marked.join(", "))]),
    ...(told.length === 0 ? [] : [doubt("faults", told.join("; "))]),
  ];
}

/** What one fault came to, over the rounds. */
function outcomeOf(faults: Point["faults"]): string {
  const most = (values: readonly number[]): number => Math.max(0, ...values);
  const errors = most(faults.map((fault) => fault.errors));
  const partial = most(faults.map((fault) => fault.partial));
  const seconds = faults.flatMap(({ recoverySeconds }) => recoverySeconds ?? []);
  const lost = faults.length - seconds.length;
  const parts = [
    `up to ${errors} errors`,
    ...(partial === 0 ? [] : [`${partial} partial answers`]),
    ...(seconds.length === 0 ? [] : [`recovered within ${most(seconds).toFixed(2)} s`]),
    ...(lost === 0 ? [] : [`no recovery in ${lost} of ${faults.length} rounds`]),
  ];
  return parts.join(", ");
}

/** Whose machine it was, and who else was on it. */
export function ofTheMachine({ machine, systems }: Pick<Result, "machine" | "systems">): Doubt[] {
  const doubts: Doubt[] = [];
  const entries = Object.entries(systems);
  const remote = entries.filter(([, { kind }]) => kind === "remote");
  const shared = entries.filter(
    ([, { kind, cpus }]) => kind !== "remote" && (cpus === null || cpus.length >= machine.cores),
  );
  if (remote.length > 0) doubts.push(doubt("remote", unseenOf(remote)));
  if (shared.length > 0)
    doubts.push(doubt("shared-cores", `${namesOf(shared)} had no CPUs of their own`));
  if (machine.virtualised === true) doubts.push(doubt("virtualised"));
  if (machine.governor !== null && machine.governor !== "performance") {
    doubts.push(doubt("governor", `their governor is "${machine.governor}"`));
  }
  return doubts;
}

/** What is left out of the result for systems that run elsewhere. */
function unseenOf(
  remote: readonly (readonly [string, { readonly processes: readonly string[] }])[],
): string {
  const named = remote.map(([name, { processes }]) =>
    processes.length > 0
      ? `of ${name} the CPU and memory are those that its door tells`
      : `of ${name} neither processes, CPU nor memory are known`,
  );
  return `${named.join(", ")}; the CPUs it has, its GPU, its build and the price of its machine are left out`;
}

const namesOf = (entries: readonly (readonly [string, unknown])[]): string =>
  entries.map(([name]) => name).join(", ");
