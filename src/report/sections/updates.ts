import { median } from "../../math/quantile.ts";
import type { Point } from "../../result/schema.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import type { Bar } from "../bar-spec.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatCount, formatMs, formatNumber, MISSING } from "../format.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

type Updates = NonNullable<Point["updates"]>;

/**
 * How one system followed a catalogue that changed, over all its rounds: those that lost updates are
 * not valid, and to leave them out would be to leave out what was slowest.
 */
export interface UpdatesDigest {
  readonly system: SystemDigest;
  /** Medians over the rounds; null where a round saw no update. */
  readonly visibleP50Ms: number | null;
  readonly visibleP99Ms: number | null;
  /** The slowest of all rounds; null where some were not seen. */
  readonly slowestMs: number | null;
  /** By so much at most the time of one may be too long, over all rounds; null: not known. */
  readonly overMs: number | null;
  readonly wantedPerSecond: number;
  readonly takenPerSecond: number;
  /** Of all rounds together. */
  readonly taken: number;
  /** Looked for, and of those the ones that no answer held in time. */
  readonly looked: number;
  readonly unseen: number;
  /** "index 41, filter 39": at the end of the last round. */
  readonly versions: string;
}

/** How soon a change of the catalogue is in the answers; null where it stood still. */
export function updatesSection(digest: Digest): Section | null {
  const found = digest.systems.flatMap((system) => updatesOf(system) ?? []);
  if (found.length === 0) return null;
  const bars = found.flatMap(({ system, visibleP50Ms, slowestMs }): Bar[] => {
    if (visibleP50Ms === null) return [];
    const { name, mark } = system;
    const tick = slowestMs === null ? {} : { tick: slowestMs };
    const slowest = slowestMs === null ? "some never" : `slowest ${formatMs(slowestMs)}`;
    const text = `${formatMs(visibleP50Ms)}, ${slowest}`;
    return [{ label: name, value: visibleP50Ms, text, color: mark.color, ...tick }];
  });
  return {
    id: "updates",
    title: "How fresh the answers are",
    lead: "Items came, changed and went while requests ran. Recall and violations of these rounds are of requests asked after a change, against what the catalogue then held.",
    body: renderFigure({
      charts: [
        {
          id: "updates",
          spec: barSpec(bars, {
            title: "ms until an answer holds a change",
            upTo: axisEnd(bars) * 1.2,
            labelWidth: labelWidthOf(bars),
          }),
          alt: `Time until a change is in an answer: ${bars.map(({ label, text }) => `${label} ${text}`).join(", ")}.`,
        },
      ],
      says: "From when an update was meant to be sent until an answer held it, of one update drawn from each burst, or from 50 a second of them: bars end at the median over the rounds, ticks stand at the slowest. All rounds count, valid or not. It was asked for again and again, by a filter that lets only it through, so each time may be too long by what the table says. One that no answer held in time is lost, and makes its round invalid.",
      basis: basisOf(digest),
      table: {
        caption: "Updates and when they are seen",
        columns: [
          "system",
          "visible p50, ms",
          "visible p99, ms",
          "slowest, ms",
          "too long by at most, ms",
          "updates/s wanted",
          "updates/s taken",
          "taken",
          "looked for",
          "in no answer",
          "versions at the end",
        ].map((label, i) => ({
          label,
          align: i === 0 || i === 10 ? ("left" as const) : ("right" as const),
        })),
        rows: found.map((each) => [
          systemName(each.system),
          formatNumber(each.visibleP50Ms),
          formatNumber(each.visibleP99Ms),
          formatNumber(each.slowestMs),
          formatNumber(each.overMs),
          formatNumber(each.wantedPerSecond),
          formatNumber(each.takenPerSecond),
          formatCount(each.taken),
          formatCount(each.looked),
          formatCount(each.unseen),
          each.versions === "" ? MISSING : each.versions,
        ]),
      },
    }),
  };
}

export function updatesOf(system: SystemDigest): UpdatesDigest | null {
  const seen = system.standing.points.flatMap(({ updates }) => updates ?? []);
  const last = seen.at(-1);
  if (last === undefined) return null;
  const middle = (of: (updates: Updates) => number | null): number | null => {
    const values = seen.flatMap((each) => of(each) ?? []);
    return values.length < seen.length ? null : median(values);
  };
  const most = (of: (updates: Updates) => number | null): number | null => {
    const values = seen.flatMap((each) => of(each) ?? []);
    return values.length === 0 ? null : Math.max(...values);
  };
  const sum = (of: (updates: Updates) => number): number =>
    seen.reduce((total, each) => total + of(each), 0);
  const unseen = sum((each) => each.unseen);
  return {
    system,
    visibleP50Ms: middle(({ visibleMs }) => visibleMs.p50),
    visibleP99Ms: middle(({ visibleMs }) => visibleMs.p99),
    slowestMs: unseen > 0 ? null : most(({ visibleMs }) => visibleMs.max),
    overMs: most(({ overMs }) => overMs.max),
    wantedPerSecond: last.perSecond,
    takenPerSecond: middle(({ takenPerSecond }) => takenPerSecond)!,
    taken: sum(({ taken }) => taken),
    looked: sum((each) => each.seen + each.unseen),
    unseen,
    versions: Object.entries(last.versions)
      .map(([service, version]) => `${service} ${version}`)
      .join(", "),
  };
}
