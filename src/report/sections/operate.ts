import { median } from "../../math/quantile.ts";
import { renderTable } from "../data-table.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { formatBytes, formatCount, formatNumber, formatSeconds, MISSING } from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { PROBED_PREFIX } from "./probes.ts";

/** What somebody has to run, watch and keep in step, whatever the numbers say. */
export function operateSection({ result, systems }: Digest): Section {
  const of = ({ name }: SystemDigest) => result.systems[name]!;
  const lines: readonly (readonly [Child, (system: SystemDigest) => Child])[] = [
    ["Processes to run", (system) => formatCount(of(system).processes.length)],
    ["Their roles", (system) => of(system).processes.join(", ") || MISSING],
    [
      "What it is built of",
      (system) => [of(system).engine, of(system).device].filter(Boolean).join(", ") || MISSING,
    ],
    ["Index or artifact", (system) => formatBytes(of(system).build.bytes)],
    ["Time to build it", (system) => buildTime(of(system).build)],
    ["Settings of its own", (system) => formatCount(ownSettings(result.systems, system.name))],
    ...countersOf(systems).map(
      (counter) =>
        [
          html`${COUNTED[counter] ?? html`<code>${counter}</code>`}, a request`,
          (system: SystemDigest) => formatNumber(perRequest(system, counter)),
        ] as const,
    ),
  ];
  return {
    id: "operate",
    title: "What must be operated",
    lead: "Each process is one more thing to deploy, watch and restart; each call between them one more that can time out; each artifact one more version to keep in step.",
    body: renderTable({
      caption: "What each system consists of",
      columns: [{ label: "" }, ...systems.map((system) => ({ label: systemName(system) }))],
      rows: lines.map(([label, cell]) => [label, ...systems.map(cell)]),
    }),
  };
}

/** Counters that every system has under the same name; others are shown by their own. */
const COUNTED: Readonly<Record<string, string>> = {
  "wire.calls": "RPCs that its processes serve",
  "wire.request_bytes": "Bytes that they receive",
  "wire.response_bytes": "Bytes that they send",
};

function buildTime({ seconds, cached }: Digest["result"]["systems"][string]["build"]): string {
  return cached ? "from the cache" : formatSeconds(seconds);
}

/** Settings that not every system of the run has. */
function ownSettings(systems: Digest["result"]["systems"], name: string): number {
  const others = Object.values(systems).filter((system) => system !== systems[name]);
  return Object.keys(systems[name]!.settings).filter(
    (setting) => others.length > 0 && !others.every(({ settings }) => setting in settings),
  ).length;
}

/** What the door lets in is known, and clusters are told with the settings. */
const isKnown = (name: string): boolean =>
  name.startsWith("door.") || name.startsWith(PROBED_PREFIX);

/** Names that any system counts under, and that counted something. */
function countersOf(systems: readonly SystemDigest[]): string[] {
  const names = systems.flatMap(({ standing }) =>
    standing.valid.flatMap(({ counters }) =>
      Object.keys(counters).filter((name) => counters[name]! > 0 && !isKnown(name)),
    ),
  );
  return [...new Set(names)].toSorted();
}

function perRequest({ standing }: SystemDigest, counter: string): number | null {
  const each = standing.valid.flatMap(({ counters, completed }) => {
    const count = counters[counter];
    return count === undefined || completed === 0 ? [] : [count / completed];
  });
  return each.length === 0 ? null : median(each);
}
