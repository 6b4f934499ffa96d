import { compareStandings } from "../../result/comparisons.ts";
import type { Comparison } from "../../result/schema.ts";
import { medianOf } from "../../result/standing.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import { basisOf, meshOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatNumber, formatPercent, formatTimes, MISSING } from "../format.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

/** Throughput of one system over another's, paired as the result's own comparisons are. */
interface Step extends Comparison {
  readonly ratio: number;
}

/** One step from the mesh to the fastest system. */
export interface Rung {
  readonly system: SystemDigest;
  /** What is new on this step. */
  readonly what: string;
  /** Throughput over the mesh's and over the step before; null on the first. */
  readonly overMesh: Step | null;
  readonly overBefore: Step | null;
  /** Of the whole gain of the last step over the mesh, on a log scale; null where there is no gain. */
  readonly share: number | null;
}

/** What each step of the way from the mesh is worth; null where there is none. */
export function ladderSection(digest: Digest): Section | null {
  const rungs = rungsOf(digest);
  if (rungs.length < 2) return null;
  const bars = rungs.map(({ system, overMesh, overBefore }) => ({
    label: system.name,
    value: overMesh?.ratio ?? 1,
    text:
      overMesh === null ? "1×" : `${formatTimes(overMesh.ratio)}${stepText(overMesh, overBefore)}`,
    color: system.mark.color,
  }));
  return {
    id: "ladder",
    title: "What each step is worth",
    lead: "The mesh first; then the same code in threads of one process, without RPC, and with its index as a product; then one model that is the index, on the CPU, on a GPU, and with its own kernels, as far as this run has them.",
    body: renderFigure({
      charts: [
        {
          id: "ladder",
          spec: barSpec(bars, {
            title: "times the mesh's throughput",
            upTo: axisEnd(bars) * 1.2,
            labelWidth: labelWidthOf(bars),
          }),
          alt: `${rungs.map(({ system, what }, i) => `${system.name}, ${what}: ${bars[i]!.text}`).join("; ")}.`,
        },
      ],
      says: `Geometric means of the ratios, paired as in the answer. In brackets, the step alone: over the bar above.${sharesText(rungs)}`,
      basis: basisOf(digest),
      table: {
        caption: "Throughput step by step",
        columns: [
          "system",
          "what is new",
          "requests/s",
          "over the mesh",
          "over the step before",
          "share of the gain",
        ].map((label, i) => ({ label, align: i < 2 ? ("left" as const) : ("right" as const) })),
        rows: rungs.map(({ system, what, overMesh, overBefore, share }) => [
          systemName(system),
          system.standing.shortcomings.length === 0
            ? what
            : `${what} (${system.standing.shortcomings.join("; ")})`,
          formatNumber(medianOf(system.standing, "throughput")),
          ratioText(overMesh),
          ratioText(overBefore),
          share === null ? MISSING : formatPercent(share),
        ]),
      },
    }),
  };
}

/** The systems in the order of the steps; those without a pair with the mesh have no place. */
export function rungsOf(digest: Digest): Rung[] {
  const mesh = meshOf(digest);
  if (mesh === null) return [];
  const steps = digest.systems
    .filter(({ name }) => name !== mesh.name)
    .map((system) => ({ system, ...stepOf(digest, system) }))
    .toSorted((a, b) => a.order - b.order);
  const rungs: Rung[] = [
    { system: mesh, what: "services over gRPC", overMesh: null, overBefore: null, share: null },
  ];
  for (const { system, what } of steps) {
    const overMesh = stepBetween(digest, system, mesh);
    if (overMesh === null) continue;
    const overBefore = stepBetween(digest, system, rungs.at(-1)!.system);
    rungs.push({ system, what, overMesh, overBefore, share: null });
  }
  const whole = Math.log(rungs.at(-1)!.overMesh?.ratio ?? 1);
  return rungs.map((rung) => ({ ...rung, share: shareOf(rung, whole) }));
}

/** Factors multiply, so their logarithms are what adds up to a whole. */
function shareOf({ overBefore }: Rung, whole: number): number | null {
  return overBefore === null || whole <= 0 ? null : Math.log(overBefore.ratio) / whole;
}

/** Nothing where the last step is no gain, or the only one. */
function sharesText(rungs: readonly Rung[]): string {
  const shares = rungs.flatMap(({ system, share }) =>
    share === null ? [] : `${system.name} ${formatPercent(share)}`,
  );
  return shares.length < 2
    ? ""
    : ` Of the whole gain of ${rungs.at(-1)!.system.name}, by its logarithm: ${shares.join(", ")}.`;
}

interface Place {
  readonly order: number;
  readonly what: string;
}

function stepOf({ result }: Digest, { name }: SystemDigest): Place {
  const { kind, engine, device, settings } = result.systems[name]!;
  if (kind === "mesh") return meshStep(device, settings);
  if (kind !== "index-as-model") return { order: 4, what: kind };
  if (engine === "fused") return { order: 8, what: "one model, fused kernels" };
  return device === "cpu"
    ? { order: 5, what: "one model, on the CPU" }
    : { order: 7, what: `one model, on the GPU (${device})` };
}

/** What the rungs need of a mesh's settings, which a result keeps as they were. */
interface MeshFacts {
  readonly transport?: string;
  readonly placement?: string;
  readonly index?: { readonly kind?: string; readonly device?: string };
}

/** The wire goes first, then the processes, then the index's own code. */
function meshStep(device: string, { transport, placement = "auto", index = {} }: MeshFacts): Place {
  const isNear = transport === "in-process";
  if (device !== "cpu") {
    const where = isNear ? "services in one process, no RPC" : "services over gRPC";
    return { order: 6, what: `${where}, their index on the GPU (${device})` };
  }
  if (index.device !== undefined) {
    return { order: 3, what: "the same, its index one product in ONNX Runtime" };
  }
  const places = { thread: "in threads of one process", one: "in one thread" };
  const where = placement === "auto" && isNear ? "one" : placement;
  const text = where === "thread" || where === "one" ? places[where] : "";
  if (!isNear) return { order: 0, what: `services over gRPC${text === "" ? "" : `, ${text}`}` };
  return where === "thread"
    ? { order: 1, what: "the same code in threads of one process, no RPC" }
    : { order: 2, what: "the same code in one process, no RPC" };
}

function stepBetween({ result }: Digest, of: SystemDigest, over: SystemDigest): Step | null {
  const found = compareStandings(result, "throughput", of.standing, over.standing);
  return found.ratio === null ? null : { ...found, ratio: found.ratio };
}

function stepText(overMesh: Step, overBefore: Step | null): string {
  // The first step is over the mesh itself.
  const isSame = overBefore === null || overBefore.ratio === overMesh.ratio;
  return isSame ? "" : ` (${formatTimes(overBefore.ratio)})`;
}

function ratioText(found: Step | null): string {
  if (found === null) return MISSING;
  const { ratio: value, low, high } = found;
  return low === null || high === null
    ? `${formatTimes(value)}, no interval`
    : `${formatTimes(value)} (${formatNumber(low)} to ${formatNumber(high)})`;
}
