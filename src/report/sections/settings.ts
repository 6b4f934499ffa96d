import { renderTable } from "../data-table.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { formatBytes, formatCount, formatSeconds, MISSING } from "../format.ts";
import { type Child, html } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";
import { probesOf } from "./probes.ts";

/** Settings of all systems in one table, those that differ marked. */
export function settingsSection({ result, systems }: Digest): Section {
  const flat = systems.map(({ name }) => flatten(result.systems[name]!.settings));
  const names = [...new Set(flat.flatMap((settings) => [...settings.keys()]))];
  const shared = (name: string): boolean =>
    new Set(flat.map((settings) => settings.get(name))).size === 1;
  const ordered = [...names.filter((name) => !shared(name)), ...names.filter(shared)];
  const lastOfProbes = ordered.findLast((name) => name.startsWith("nprobe"));
  const built = systems.map(({ name }) => result.systems[name]!);
  const rows = [
    [
      "built in",
      ...built.map(({ build }) => (build.cached ? "from the cache" : formatSeconds(build.seconds))),
    ],
    ["index and artifact", ...built.map(({ build }) => formatBytes(build.bytes))],
    ["CPUs", ...built.map(({ cpus }) => (cpus === null ? "any" : cpus.join(", ")))],
    ["processes", ...built.map(({ processes }) => processes.join(", "))],
    ...ordered.flatMap((name) => [
      [
        shared(name) ? html`<code>${name}</code>` : html`<code class="differs">${name}</code>`,
        ...flat.map((settings) => html`<code>${settings.get(name) ?? MISSING}</code>`),
      ],
      ...(name === lastOfProbes ? probesRows(systems) : []),
    ]),
  ];
  return {
    id: "settings",
    title: "What was set",
    lead: "The same door, batching, limits and CPUs for every system. Settings in bold are those that differ or that only one kind of system has.",
    body: renderTable({
      caption: "Settings of the systems",
      columns: [
        { label: "setting" },
        ...systems.map((system) => ({ label: systemName(system), align: "left" as const })),
      ],
      rows,
    }),
  };
}

/** How many clusters a request's heads looked into, where that was counted. */
function probesRows(systems: readonly SystemDigest[]): Child[][] {
  const probes = systems.map(({ standing }) => probesOf(standing.valid));
  if (probes.every((one) => one === null)) return [];
  return [
    ["clusters looked into, median", ...probes.map((one) => formatCount(one?.median ?? null))],
    ["clusters looked into, most", ...probes.map((one) => formatCount(one?.most ?? null))],
  ];
}

/** Nested settings as dotted names with JSON values. */
export function flatten(
  settings: Readonly<Record<string, unknown>>,
  prefix = "",
): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [name, value] of Object.entries(settings)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [inner, text] of flatten(value as Record<string, unknown>, `${prefix}${name}.`))
        flat.set(inner, text);
    } else flat.set(prefix + name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return flat;
}
