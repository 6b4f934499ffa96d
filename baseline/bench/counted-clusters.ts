import type { Dataset } from "../../src/dataset/dataset.ts";
import { median } from "../../src/math/quantile.ts";
import type { ClusterProbe } from "../index/cluster-probe.ts";
import type { ExactScan } from "../index/exact-scan.ts";
import { RowSet } from "../row-set.ts";
import type { Search } from "../services.ts";
import { selectiveSearches, type Spread } from "./selective-searches.ts";

const SEARCHES = 64;
const ROUNDS = 7;
const SHARES = [0.5, 0.2, 0.05];
/** Of all clusters, those looked into. */
const PROBED = [1 / 64, 1 / 16, 1 / 4];

export interface CountedOptions {
  readonly dataset: Dataset;
  readonly probe: ClusterProbe;
  readonly scan: ExactScan;
  readonly k: number;
  readonly say: (line: string) => void;
}

/**
 * What it is worth to count the eligible rows of each cluster: recall, and time over that of as many
 * clusters taken by their centroids alone, each round one after the other. Counting is in the time.
 */
export function countedClusters({ dataset, probe, scan, k, say }: CountedOptions): void {
  say(`\nclusters by centroids, and by what is eligible in them: recall, and the time's ratio`);
  const head = PROBED.map((part) => `${Math.round(part * probe.clusters)} probes`.padEnd(26));
  say(`  ${"pass".padEnd(18)}${head.join("")}counting`);
  for (const spread of ["anywhere", "by topic"] as const) {
    for (const share of SHARES) say(line({ dataset, probe, scan, k }, spread, share));
  }
}

function line(
  { dataset, probe, scan, k }: Omit<CountedOptions, "say">,
  spread: Spread,
  share: number,
): string {
  const searches = selectiveSearches(dataset, { share, spread, count: SEARCHES, k });
  const asked = searches.map(({ vectors: query, eligible: { bitmap } }: Search) => ({
    query,
    k,
    eligible: new RowSet(bitmap!),
    isExcluded,
    least: 0,
  }));
  const truth = asked.map(({ eligible, ...own }) => {
    const rows = new Uint32Array(eligible.cardinality);
    eligible.writeRows(rows);
    return new Set(scan.best({ ...own, rows }).rows);
  });
  const run = (probes: number, isCounted: boolean): { recall: number; ms: number } => {
    const startMs = performance.now();
    const found = asked.map((one) =>
      probe.best({ ...one, probes, bonus: isCounted ? probe.bonusOf(one.eligible) : null })!,
    );
    const ms = performance.now() - startMs;
    const hits = found.map(({ rows }, at) => rows.filter((row) => truth[at]!.has(row)).length);
    return { recall: sum(hits) / sum(truth.map(({ size }) => size)), ms };
  };
  const cells = PROBED.map((part) => {
    const probes = Math.round(part * probe.clusters);
    const [plain, counted] = [run(probes, false), run(probes, true)];
    const ratios = Array.from({ length: ROUNDS }, (_, round) => {
      // Which of the two is first takes turns.
      const [first, second] = [run(probes, round % 2 === 0), run(probes, round % 2 === 1)];
      return round % 2 === 0 ? first.ms / second.ms : second.ms / first.ms;
    });
    const recalls = `${plain.recall.toFixed(3)} -> ${counted.recall.toFixed(3)}`;
    return `${recalls} (${median(ratios).toFixed(2)})`.padEnd(26);
  });
  const startMs = performance.now();
  for (const { eligible } of asked) probe.bonusOf(eligible);
  const microseconds = ((performance.now() - startMs) * 1000) / asked.length;
  const name = `${share * 100}% ${spread}`.padEnd(18);
  return `  ${name}${cells.join("")}${microseconds.toFixed(0)} us`;
}

const isExcluded = (): boolean => false;
const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
