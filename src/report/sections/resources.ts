import { median } from "../../math/quantile.ts";
import type { Point } from "../../result/schema.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import { formatNumber } from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { coursesOf, type Resource, resourceSpec } from "./resource-courses.ts";

const perSecond = (amount: number | null | undefined, { seconds }: Point): number | null =>
  amount === null || amount === undefined || seconds === 0 ? null : amount / seconds;

const inMebibytes = (bytes: number | null | undefined): number | null =>
  bytes === null || bytes === undefined ? null : bytes / 2 ** 20;

const RESOURCES: readonly Resource[] = [
  {
    id: "cores",
    label: "CPU",
    unit: "cores busy",
    of: (point) => perSecond(point.cpuSeconds, point),
    course: "cores",
  },
  {
    id: "resident",
    label: "Memory",
    unit: "MiB resident",
    of: ({ rssBytes }) => inMebibytes(rssBytes),
    course: "rssMebibytes",
  },
  {
    id: "gpu-busy",
    label: "GPU",
    unit: "share of the time busy",
    of: (point) => perSecond(point.gpu?.busySeconds, point),
    course: "gpus",
  },
  {
    id: "gpu-memory",
    label: "GPU memory",
    unit: "MiB",
    of: ({ gpu }) => inMebibytes(gpu?.memoryBytes),
    course: null,
  },
  {
    id: "gpu-power",
    label: "GPU power",
    unit: "watts",
    of: ({ gpu }) => gpu?.watts ?? null,
    course: "watts",
  },
];

/** What each system used while it was under load; null for what has no course of time. */
export function resourcesSection(digest: Digest): Section | null {
  const { systems } = digest;
  const rounds = roundsOf(systems);
  const hasCourse = systems.some(({ standing }) =>
    standing.points.some(({ course }) => (course?.atSeconds.length ?? 0) > 1),
  );
  if (rounds.length < 2 && !hasCourse) return null;
  const shown = RESOURCES.filter(({ of }) =>
    systems.some(({ standing }) => standing.points.some((point) => of(point) !== null)),
  );
  if (shown.length === 0) return null;
  const columns = systems.flatMap((system) => shown.map((resource) => ({ system, resource })));
  return {
    id: "resources",
    title: "Resources over time",
    lead: "What grows from second to second, or from round to round, is a leak or a cache that is not warm; what stands at its end is the limit.",
    body: renderFigure({
      charts: shown.map((resource) => chartOf(systems, resource)),
      says: `${
        hasCourse
          ? "Lines are what was read about once a second under load, one round behind the other; the time between, when other systems had their turn, is left out. "
          : "Lines lead from round to round. "
      }Each mark is a round as a whole; hollow marks are rounds that do not count. Each chart has its own axis from zero.`,
      basis: `${basisOf(digest)}${hasCourse ? `, ${samplesIn(systems)} samples` : ""}`,
      table: {
        caption: "Resources by round",
        columns: [
          { label: "round" },
          ...columns.map(({ system, resource }) => ({
            label: html`${systemName(system)} ${resource.label}, ${resource.unit}`,
          })),
        ],
        rows: rounds.map((round) => [
          String(round),
          ...columns.map(({ system, resource }): Child => {
            const point = system.standing.points.find((each) => each.round === round);
            return formatNumber(point === undefined ? null : resource.of(point));
          }),
        ]),
      },
    }),
  };
}

function roundsOf(systems: readonly SystemDigest[]): number[] {
  const all = systems.flatMap(({ standing }) => standing.points.map(({ round }) => round));
  return [...new Set(all)].toSorted((a, b) => a - b);
}

const samplesIn = (systems: readonly SystemDigest[]): number =>
  systems
    .flatMap(({ standing }) => standing.points)
    .reduce((sum, { course }) => sum + (course?.atSeconds.length ?? 0), 0);

function chartOf(systems: readonly SystemDigest[], resource: Resource): Chart {
  const { id, label, unit, of } = resource;
  const said = systems.flatMap(({ name, standing }) => {
    const values = standing.valid.flatMap((point) => of(point) ?? []);
    return values.length === 0 ? [] : [`${name} ${formatNumber(median(values))}`];
  });
  return {
    id: `resources-${id}`,
    heading: html`${label}, ${unit}`,
    spec: resourceSpec(systems, coursesOf(systems, resource)),
    alt: `${label}, ${unit}, median over valid rounds: ${said.join(", ")}.`,
  };
}
