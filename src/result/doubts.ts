import { ratioDrift } from "./ratio-drift.ts";
import { firstOf, measuredSystems } from "./role.ts";
import type { Doubt, Point, Result } from "./schema.ts";
import { medianOf, standingOf, standingsOf, totalOf } from "./standing.ts";
import type { Standing } from "./standing.ts";

/** Reasons to distrust a result, in the order a reader should weigh them. */
export const DOUBTS = {
  incomplete: "The run did not complete",
  resumed: "The run was cut short and taken up again",
  "below-target":
    "A system misses the recall target or answers short, so no ratio is stated for it",
  "failed-check": "A system failed the check before the measurement",
  violations: "Items were returned that the filter or the exclusions forbid",
  "invalid-points": "Rounds were discarded",
  "partial-answers": "Answers were partial, which the scenario allows",
  "few-rounds": "There are fewer than five pairs of valid rounds",
  "client-bound": "The load generator, not the system, was the limit",
  "not-steady": "Throughput was not steady from round to round",
  "held-up": "Other work on the machine held the load generator up",
  "machine-drift": "The speed of the machine itself changed while it was measuring",
  outliers: "Some rounds lie far from the others, and count all the same",
  "not-warm": "A system was measured before it had settled",
  "ratio-drift": "A ratio went one way while it was measured, and its mean is of no one moment",
  "outrun-variant": "A variant that tuning passed over was faster where it counted",
  "wide-interval": "The interval is wide",
  "shared-cores": "The load generator shares its cores with the systems",
  remote: "A system was started by somebody else, and only its door is seen",
  virtualised: "The machine is virtual: its neighbours may take part of it unseen",
  governor: "The CPUs change their clock",
  faults: "Services were harmed on purpose while they were measured",
  "changing-catalogue": "Answers given while the catalogue changed are not scored",
  "closed-loop": "Latency is that of a closed loop",
  "few-samples": "There are too few samples for the 99th percentile",
  "sampled-truth": "Recall, violations and short answers are those of a sample",
  "repeated-requests": "Requests were repeated, so that caches may have helped",
  "no-mesh": "There is no mesh to compare with",
  "no-in-process-mesh": "The mesh was not measured in one process",
  "over-objective": "A system is not priced, for it answered too slowly",
  "no-fitting-shape": "No machine on the price sheet holds a system",
  "example-prices": "The prices are made up",
} as const;

export type DoubtCode = keyof typeof DOUBTS;

/** @param detail what exactly, as a sentence without its end. */
export function doubt(code: DoubtCode, detail = ""): Doubt {
  return { code, text: detail === "" ? `${DOUBTS[code]}.` : `${DOUBTS[code]}: ${detail}.` };
}

/** One doubt a code with all details in one sentence, the most grave first, unknown codes last. */
export function gatherDoubts(doubts: readonly Doubt[]): Doubt[] {
  const known = Object.keys(DOUBTS) as DoubtCode[];
  const gathered = known.flatMap((code) => {
    const alike = doubts.filter((each) => each.code === code);
    const details = new Set(alike.map(({ text }) => detailOf(code, text)));
    return alike.length === 0 ? [] : [doubt(code, [...details].filter(Boolean).join("; "))];
  });
  return [...gathered, ...doubts.filter(({ code }) => !Object.hasOwn(DOUBTS, code))];
}

/** What `doubt` was given. */
function detailOf(code: DoubtCode, text: string): string {
  return text.slice(DOUBTS[code].length, -1).replace(/^: /, "");
}

/** Beyond this share of the time, waiting for a CPU shows. */
const HELD_UP_SHARE = 0.02;

type Judged = Omit<Result, "doubts" | "gates" | "cost">;

/** Every doubt that the result itself gives rise to, most grave first. */
export function collectDoubts(result: Judged): Doubt[] {
  const standings = measuredSystems(result).map((system) => standingOf(result, system));
  return gatherDoubts([
    ...ofTheRun(result),
    ...ofTheMachine(result),
    ...ofTheFaults(result),
    ...ofTheRounds(result, standings),
    ...standings.flatMap(ofTheStanding),
    ...standings.flatMap((standing) => ofTheVariants(result, standing)),
    ...ofTheRatios(result, standings),
  ]);
}

function ofTheRatios(result: Judged, standings: readonly Standing[]): Doubt[] {
  const mesh = standings.find(({ system }) => system === firstOf(result, "mesh"));
  if (mesh === undefined) return [];
  return standings.flatMap((standing) => {
    const drift = ratioDrift(standing, mesh);
    if (drift === null) return [];
    const way = `${drift.change > 0 ? "rose" : "fell"} by ${Math.round(100 * Math.abs(drift.change))}%`;
    const over = `${drift.pairs} ${drift.kind}`;
    return [doubt("ratio-drift", `${standing.system} over ${mesh.system} ${way} over ${over}`)];
  });
}

/** Less than this is what rounds of one variant differ by. */
const OUTRUN = 1.05;

/**
 * Tuning looks for seconds, on requests of its own. Where it took the slower variant, the system is
 * shown below its best: nothing is chosen anew by the rounds that are compared, but the reader is told.
 */
function ofTheVariants(result: Judged, chosen: Standing): Doubt[] {
  const { system, load, variant } = chosen;
  const throughput = medianOf(chosen, "throughput");
  if (throughput === null) return [];
  const faster = standingsOf(result, system, load).filter(
    (other) =>
      other.variant !== variant &&
      other.ratePerSecond === chosen.ratePerSecond &&
      other.shortcomings.length === 0 &&
      (medianOf(other, "throughput") ?? 0) > OUTRUN * throughput,
  );
  return faster.map((other) => {
    const gain = Math.round((medianOf(other, "throughput")! / throughput - 1) * 100);
    return doubt("outrun-variant", `${other.variant} of ${system}, by ${gain}% over ${variant}`);
  });
}

function ofTheRun(result: Judged): Doubt[] {
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
function ofTheFaults({ points }: Judged): Doubt[] {
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

function ofTheMachine({ machine, systems }: Judged): Doubt[] {
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

function ofTheRounds(result: Judged, standings: readonly Standing[]): Doubt[] {
  const doubts: Doubt[] = [];
  const headline = result.comparisons.filter(({ metric }) => metric === "throughput");
  const few = headline.filter(({ n }) => n < 5);
  if (few.length > 0) {
    doubts.push(
      doubt("few-rounds", few.map(({ of, over, n }) => `${n} of ${of} and ${over}`).join(", ")),
    );
  }
  const wide = headline.filter(
    ({ low, high }) => low !== null && high !== null && high / low > 1.25,
  );
  if (wide.length > 0) {
    const which = wide.map(
      ({ of, over, low, high }) =>
        `${of} over ${over} is anywhere from ${low!.toFixed(2)} to ${high!.toFixed(2)}`,
    );
    doubts.push(doubt("wide-interval", which.join(", ")));
  }
  const strange = headline.filter(({ outliers }) => outliers.length > 0);
  if (strange.length > 0) {
    const which = strange.map(
      ({ of, over, outliers }) => `${outliers.join(", ")} of ${of} over ${over}`,
    );
    doubts.push(doubt("outliers", `rounds ${which.join("; ")}`));
  }
  const heldUp = result.points.filter(({ client }) => (client.waitShare ?? 0) > HELD_UP_SHARE);
  if (heldUp.length > 0) {
    const most = Math.max(...heldUp.map(({ client }) => client.waitShare!));
    const share = `${heldUp.length} of ${result.points.length} points, for up to ${Math.round(most * 100)}% of the time`;
    doubts.push(doubt("held-up", `in ${share}; high percentiles hold its waiting as well`));
  }
  const flagged = result.points.filter(({ calibration }) => calibration?.flagged === true);
  if (flagged.length > 0) {
    const share = `${flagged.length} of ${result.points.length} points`;
    doubts.push(
      doubt(
        "machine-drift",
        `fixed work took more than 15% longer or shorter than usual before ${share}`,
      ),
    );
  }
  const asked = Math.max(
    0,
    ...standings.flatMap(({ points }) => points.map((point) => point.completed)),
  );
  if (asked >= 1.05 * result.dataset.requests) {
    const times = (asked / result.dataset.requests).toFixed(1);
    doubts.push(doubt("repeated-requests", `each was asked up to ${times} times in a round`));
  }
  return doubts;
}

function ofTheStanding(standing: Standing): Doubt[] {
  const { system, points, valid, shortcomings } = standing;
  const doubts: Doubt[] = [];
  if (shortcomings.length > 0)
    doubts.push(doubt("below-target", `${system}: ${shortcomings.join("; ")}`));
  const violations = totalOf(standing, "violations");
  if (violations > 0) doubts.push(doubt("violations", `${violations} by ${system}`));
  if (valid.length < points.length) {
    const reasons = differentReasons(
      points.flatMap((point) => (point.verdict === "invalid" ? point.reasons : [])),
    );
    const count = `${points.length - valid.length} of ${points.length} of ${system}`;
    doubts.push(
      doubt("invalid-points", reasons.length === 0 ? count : `${count} (${reasons.join("; ")})`),
    );
  }
  const bound = points.filter(({ bound: by }) => by === "client").length;
  if (bound > 0)
    doubts.push(doubt("client-bound", `in ${bound} of ${points.length} rounds of ${system}`));
  if (valid.length > 0 && medianOf(standing, "p99") === null) {
    doubts.push(doubt("few-samples", `not shown for ${system}`));
  }
  const spread = spreadOf(standing);
  if (spread > 0.15) {
    doubts.push(
      doubt(
        "not-steady",
        `that of ${system} has a standard deviation of ${Math.round(spread * 100)}%`,
      ),
    );
  }
  return doubts;
}

/** Reasons that differ in more than their numbers; of those alike, the first. */
function differentReasons(reasons: readonly string[]): string[] {
  const first = new Map<string, string>();
  for (const reason of reasons) {
    const kind = reason.replaceAll(/\d[\d.,]*/g, "#");
    if (!first.has(kind)) first.set(kind, reason);
  }
  return [...first.values()];
}

/** Standard deviation of the rounds' throughput over its mean; 0 for fewer than two. */
function spreadOf({ valid }: Standing): number {
  const n = valid.length;
  if (n < 2) return 0;
  const mean = valid.reduce((sum, point) => sum + point.throughputPerSecond, 0) / n;
  if (mean === 0) return 0;
  const square = valid.reduce((sum, point) => sum + (point.throughputPerSecond - mean) ** 2, 0);
  return Math.sqrt(square / (n - 1)) / mean;
}

const namesOf = (entries: readonly (readonly [string, unknown])[]): string =>
  entries.map(([name]) => name).join(", ");
