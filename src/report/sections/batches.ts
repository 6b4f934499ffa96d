import { median } from "../../math/quantile.ts";
import { standingsOf } from "../../result/standing.ts";
import type { Standing } from "../../result/standing.ts";
import { axisEnd, barSpec, labelWidthOf } from "../bar-spec.ts";
import { basisOf } from "../digest.ts";
import type { Digest, SystemDigest } from "../digest.ts";
import { renderFigure } from "../figure.ts";
import { formatNumber } from "../format.ts";
import { loadLabel } from "../load-text.ts";
import type { Section } from "../section.ts";
import { systemName } from "../system-name.ts";

interface BatchDigest {
  readonly label: string;
  readonly perSecond: number;
  readonly mean: number;
  readonly p99: number;
}

/** How many requests a system answers at once, at each load: the more pressure, the fuller. */
export function batchesSection(digest: Digest): Section | null {
  const measured = digest.systems
    .map((system) => ({ system, batches: batchesOf(digest, system) }))
    .filter(({ batches }) => batches.length > 0);
  if (measured.length === 0) return null;
  const bars = measured.map(({ system, batches }) =>
    batches.map(({ label, mean, p99 }) => ({
      label,
      value: mean,
      tick: p99,
      text: `${formatNumber(mean)} to ${formatNumber(p99)}`,
      color: system.mark.color,
    })),
  );
  const upTo = axisEnd(bars.flat());
  const labelWidth = labelWidthOf(bars.flat());
  return {
    id: "batches",
    title: "How full the batches are",
    lead: "A system that batches is another system at ten requests a second than at ten thousand. Where nobody waits for company, batches fill only under pressure.",
    body: renderFigure({
      charts: measured.map(({ system }, i) => ({
        id: `batches-${i + 1}`,
        heading: systemName(system),
        spec: barSpec(bars[i]!, { title: "requests a batch", upTo, labelWidth }),
        alt: `${system.name}: ${bars[i]!.map(({ label, text }) => `${label} ${text}`).join(", ")} requests a batch.`,
      })),
      says: "Bars end at the mean, ticks stand at the 99th percentile; medians over valid rounds. The axes are alike.",
      basis: basisOf(digest),
      table: {
        caption: "Requests in a batch",
        columns: ["system", "load", "requests/s", "mean", "p99"].map((label, i) => ({
          label,
          align: i < 2 ? ("left" as const) : ("right" as const),
        })),
        rows: measured.flatMap(({ system, batches }) =>
          batches.map(({ label, perSecond, mean, p99 }) => [
            systemName(system),
            label,
            formatNumber(perSecond),
            formatNumber(mean),
            formatNumber(p99),
          ]),
        ),
      },
    }),
  };
}

/** The headline's variant at every load and rate. */
function batchesOf({ result }: Digest, { name, standing }: SystemDigest): BatchDigest[] {
  return Object.keys(result.scenario.loads)
    .flatMap((load) => standingsOf(result, name, load))
    .filter(({ variant }) => variant === standing.variant)
    .flatMap((each) => batchOf(each) ?? []);
}

function batchOf({ load, ratePerSecond, valid }: Standing): BatchDigest | null {
  const means = valid.flatMap(({ batch }) => batch?.mean ?? []);
  const tails = valid.flatMap(({ batch }) => batch?.p99 ?? []);
  if (means.length === 0 || tails.length === 0) return null;
  return {
    label: loadLabel(load, ratePerSecond),
    perSecond: median(valid.map(({ throughputPerSecond }) => throughputPerSecond)),
    mean: median(means),
    p99: median(tails),
  };
}
