import type { Result } from "../../result/schema.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import type { Bar } from "../bar-spec.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import type { Chart } from "../figure.ts";
import { formatBytes, formatNumber, MISSING } from "../format.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

interface MemoryDigest {
  readonly system: SystemDigest;
  /** Most that was resident in any valid round, bytes. */
  readonly host: number | null;
  readonly device: number | null;
  /** Of the index or artifact on disk. */
  readonly built: number;
}

const MEBIBYTE = 2 ** 20;

/** What a system holds on the host, on the device and on disk; null where nothing was read. */
export function memorySection(digest: Digest): Section | null {
  const { result } = digest;
  const measured = digest.systems
    .map((system) => memoryOf(result, system))
    .filter(({ host, device }) => host !== null || device !== null);
  if (measured.length === 0) return null;
  const charts = [
    chart("memory-host", "On the host", measured, ({ host }) => host),
    chart("memory-device", "On the GPU", measured, ({ device }) => device),
  ].filter((each) => each !== null);
  return {
    id: "memory",
    title: "What it holds in memory",
    lead: "The index-as-model keeps all it needs in one place; a mesh keeps parts of it several times. What is resident decides which machine is needed.",
    body: renderFigure({
      charts,
      says: "The most that was resident after any valid round, all processes together. Pages that processes share are counted in each.",
      basis: basisOf(digest),
      table: {
        caption: "Memory of each system",
        columns: ["system", "host", "GPU", "index on disk", "host bytes an item"].map(
          (label, i) => ({ label, align: i < 1 ? ("left" as const) : ("right" as const) }),
        ),
        rows: measured.map(({ system, host, device, built }) => [
          systemName(system),
          formatBytes(host),
          formatBytes(device),
          formatBytes(built),
          host === null ? MISSING : formatNumber(host / result.dataset.items),
        ]),
      },
    }),
  };
}

function chart(
  id: string,
  heading: string,
  measured: readonly MemoryDigest[],
  of: (memory: MemoryDigest) => number | null,
): Chart | null {
  const bars = measured.flatMap((memory): Bar[] => {
    const bytes = of(memory);
    const { name, mark } = memory.system;
    return bytes === null
      ? []
      : [{ label: name, value: bytes / MEBIBYTE, text: formatBytes(bytes), color: mark.color }];
  });
  if (bars.length === 0) return null;
  const options = { title: "MiB", upTo: axisEnd(bars), labelWidth: labelWidthOf(bars) };
  return {
    id,
    heading: html`${heading}`,
    spec: barSpec(bars, options),
    alt: `${heading}: ${bars.map(({ label, text }) => `${label} ${text}`).join(", ")}.`,
  };
}

function memoryOf({ systems }: Result, system: SystemDigest): MemoryDigest {
  const { valid } = system.standing;
  return {
    system,
    host: most(valid.flatMap(({ rssBytes }) => rssBytes ?? [])),
    device: most(valid.flatMap(({ gpu }) => gpu?.memoryBytes ?? [])),
    built: systems[system.name]!.build.bytes,
  };
}

const most = (values: readonly number[]): number | null =>
  values.length === 0 ? null : Math.max(...values);
