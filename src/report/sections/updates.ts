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

/** How one system followed a catalogue that changed, over its valid rounds. */
export interface UpdatesDigest {
  readonly system: SystemDigest;
  /** Medians over the rounds; null where a round saw no update. */
  readonly visibleP50Ms: number | null;
  readonly visibleP99Ms: number | null;
  readonly wantedPerSecond: number;
  readonly takenPerSecond: number;
  /** Of all rounds together. */
  readonly taken: number;
  readonly unseen: number;
  /** "index 41, filter 39": at the end of the last round. */
  readonly versions: string;
}

/** How soon a change of the catalogue is in the answers; null where it stood still. */
export function updatesSection(digest: Digest): Section | null {
  const found = digest.systems.flatMap((system) => updatesOf(system) ?? []);
  if (found.length === 0) return null;
  const bars = found.flatMap(({ system, visibleP50Ms, visibleP99Ms }): Bar[] => {
    if (visibleP50Ms === null) return [];
    const { name, mark } = system;
    const tick = visibleP99Ms === null ? {} : { tick: visibleP99Ms };
    const text = `${formatMs(visibleP50Ms)}${visibleP99Ms === null ? "" : `, p99 ${formatMs(visibleP99Ms)}`}`;
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
      says: "From the sending of an update until an answer held it: bars end at the median, ticks stand at the 99th percentile; medians over the rounds.",
      basis: basisOf(digest),
      table: {
        caption: "Updates and when they are seen",
        columns: [
          "system",
          "visible p50, ms",
          "visible p99, ms",
          "updates/s wanted",
          "updates/s taken",
          "taken",
          "in no answer",
          "versions at the end",
        ].map((label, i) => ({
          label,
          align: i % 7 === 0 ? ("left" as const) : ("right" as const),
        })),
        rows: found.map((each) => [
          systemName(each.system),
          formatNumber(each.visibleP50Ms),
          formatNumber(each.visibleP99Ms),
          formatNumber(each.wantedPerSecond),
          formatNumber(each.takenPerSecond),
          formatCount(each.taken),
          formatCount(each.unseen),
          each.versions === "" ? MISSING : each.versions,
        ]),
      },
    }),
  };
}

export function updatesOf(system: SystemDigest): UpdatesDigest | null {
  const seen = system.standing.valid.flatMap(({ updates }) => updates ?? []);
  const last = seen.at(-1);
  if (last === undefined) return null;
  const middle = (of: (updates: Updates) => number | null): number | null => {
    const values = seen.flatMap((each) => of(each) ?? []);
    return values.length < seen.length ? null : median(values);
  };
  const sum = (of: (updates: Updates) => number): number =>
    seen.reduce((total, each) => total + of(each), 0);
  return {
    system,
    visibleP50Ms: middle(({ visibleMs }) => visibleMs.p50),
    visibleP99Ms: middle(({ visibleMs }) => visibleMs.p99),
    wantedPerSecond: last.perSecond,
    takenPerSecond: middle(({ takenPerSecond }) => takenPerSecond)!,
    taken: sum(({ taken }) => taken),
    unseen: sum(({ unseen }) => unseen),
    versions: Object.entries(last.versions)
      .map(([service, version]) => `${service} ${version}`)
      .join(", "),
  };
}
