import { firstOf, measuredSystems, meshOnGpu, roleOf } from "./role.ts";
import type { Comparison, Result } from "./schema.ts";
import { medianOf, standingOf } from "./standing.ts";

/** The answer of a run: whom it is about, the two ratios, and one sentence. */
export interface Headline {
  /** The system the sentence is about: the scenario's first challenger, else null. */
  readonly subject: string | null;
  /** Its throughput over the mesh's, and over the same mesh's in one process. */
  readonly overMesh: Comparison | null;
  readonly overInProcess: Comparison | null;
  /** Throughput of the further challengers over the mesh's, in the scenario's order, where stated. */
  readonly others: readonly Comparison[];
  /** Throughput of each challenger on a GPU over that of a mesh that has one, too, where stated. */
  readonly overMeshOnGpu: readonly Comparison[];
  /** What `sentence` says of the subject. */
  readonly first: string;
  /** And of further challengers; empty: there are none. */
  readonly further: string;
  readonly sentence: string;
}

/**
 * The answer in one sentence. It states a ratio only between systems that both reach the recall
 * target without short answers, and says what is missing otherwise.
 */
export function headlineOf(
  result: Pick<Result, "systems" | "scenario" | "points" | "comparisons">,
): Headline {
  const subject = firstOf(result, "challenger") ?? firstOf(result, "in-process");
  const mesh = firstOf(result, "mesh");
  if (subject === null) {
    const only = mesh === null ? "Nothing was measured" : alone(result, mesh);
    const none = { overMesh: null, overInProcess: null, others: [], overMeshOnGpu: [] };
    return { subject, ...none, first: `${only}.`, further: "", sentence: `${only}.` };
  }
  const overMesh = find(result, subject, mesh);
  const inProcess = firstOf(result, "in-process");
  const overInProcess = inProcess === subject ? null : find(result, subject, inProcess);
  const others = challengersOver(result, mesh).filter(({ of }) => of !== subject);
  const onGpu = meshOnGpu(result);
  const overMeshOnGpu = onGpu === mesh ? [] : challengersOver(result, onGpu);
  const first = sentence(result, subject, overMesh, overInProcess);
  const further = [ofAll(others, ""), ofAll(overMeshOnGpu, ", which has a card as well")]
    .filter((text) => text !== "")
    .join(" ");
  return {
    subject,
    overMesh,
    overInProcess,
    others,
    overMeshOnGpu,
    first,
    further,
    sentence: further === "" ? first : `${first} ${further}`,
  };
}

/** Challengers whose ratio over a mesh was computed and may be stated, for both sides qualify. */
function challengersOver(
  result: Pick<Result, "systems" | "comparisons">,
  mesh: string | null,
): Comparison[] {
  return measuredSystems(result).flatMap((system) => {
    if (roleOf(result, system) !== "challenger") return [];
    const found = find(result, system, mesh);
    return found === null || found.ratio === null || found.recallAt === null ? [] : found;
  });
}

function ofAll(comparisons: readonly Comparison[], which: string): string {
  if (comparisons.length === 0) return "";
  const each = comparisons.map(
    (one) => `${one.of} answers ${times(one.ratio!)} as many${bounds(one)}`,
  );
  return `Against ${comparisons[0]!.over}${which}, ${each.join("; ")}.`;
}

function find(
  result: Pick<Result, "comparisons">,
  of: string,
  over: string | null,
): Comparison | null {
  const found = result.comparisons.find(
    (comparison) =>
      comparison.of === of && comparison.over === over && comparison.metric === "throughput",
  );
  return found ?? null;
}

type Measured = Pick<Result, "systems" | "scenario" | "points">;

function sentence(
  result: Measured,
  subject: string,
  overMesh: Comparison | null,
  overInProcess: Comparison | null,
): string {
  if (overMesh === null)
    return `${alone(result, subject)}; there is no mesh here to compare it with.`;
  const lacking = [subject, overMesh.over].flatMap((system) =>
    standingOf(result, system).shortcomings.map((what) => `of ${system}, ${what}`),
  );
  if (lacking.length > 0) return `No ratio is stated: ${lacking.join("; ")}.`;
  if (overMesh.ratio === null) {
    return `No ratio is stated: no round of ${subject} and ${overMesh.over} is valid on both sides.`;
  }
  const second =
    overInProcess?.ratio === undefined || overInProcess.ratio === null
      ? ""
      : `; against the same mesh in one process, ${times(overInProcess.ratio)} as many${bounds(overInProcess)}`;
  return `${claim(overMesh, subject, result.scenario.recallTarget)}${second}.`;
}

function claim(comparison: Comparison, subject: string, recallTarget: number): string {
  const { over, verdict } = comparison;
  const many = `${times(comparison.ratio!)} as many requests a second as ${over}${bounds(comparison)}`;
  const at = `At recall ${recallTarget} or better`;
  switch (verdict) {
    case "better":
      return `${at}, ${subject} answers ${many}`;
    case "worse":
      return `${at}, ${subject} answers only ${many}`;
    case "same":
      return `${at}, ${subject} and ${over} answer equally many requests a second${bounds(comparison)}`;
    case "inconclusive":
      return `It is not settled whether ${subject} or ${over} answers more requests: ${subject} answered ${many}`;
  }
}

function alone(result: Measured, system: string): string {
  const standing = standingOf(result, system);
  const throughput = medianOf(standing, "throughput");
  const who = roleOf(result, system) === "mesh" ? `the mesh (${system})` : system;
  if (throughput === null) return `No round of ${who} is valid`;
  const rounds =
    standing.valid.length === 1 ? "one round" : `median of ${standing.valid.length} rounds`;
  return `In this run ${who} answers ${Math.round(throughput).toLocaleString("en")} requests a second (${rounds})`;
}

function bounds({ low, high, n, pairs }: Comparison): string {
  if (low === null || high === null)
    return ` (${n === 1 ? "one round" : `${n} rounds`}, no interval)`;
  return ` (95% interval ${factor(low)} to ${factor(high)}, ${n} paired ${pairs})`;
}

const times = (ratio: number): string => `${factor(ratio)} times`;

/** Three significant digits: 23.7, 3.21, 0.0123. */
const factor = (ratio: number): string =>
  ratio >= 100 ? Math.round(ratio).toLocaleString("en") : ratio.toPrecision(3);
