import { Histogram } from "../../../math/histogram.ts";
import { type Pair, pairedRatio } from "../../../math/paired-ratio.ts";
import type { SystemStats } from "../../../door/stats.ts";
import type { Block } from "./closed-load.ts";

/** Load on a model with changes, and on one without. */
export interface BlockPair {
  readonly of: Block;
  readonly over: Block;
}

/** What one round came to. */
export interface Round extends BlockPair {
  /** Whether a fold, or the swap to what it made, was under way in it. */
  readonly folded: boolean;
  /** Folds that had ended by its end. */
  readonly ended: number;
}

/** What rounds with updates came to over those without, with folds and without, line by line. */
export function roundsText(rounds: readonly Round[]): string[] {
  const parts = {
    "between folds": rounds.filter(({ folded }) => !folded),
    "while a fold or its swap is under way": rounds.filter(({ folded }) => folded),
    "all, as often as they come": rounds,
  };
  return [
    ...Object.entries(parts).flatMap(([which, some]) => partText(which, some)),
    loadText(rounds),
  ];
}

/** What the stages of a model's batches took since it was started, and its batches' sizes. */
export function stagesText({ stages, batchSizes, devices }: SystemStats): string {
  const sizes = Histogram.decode(batchSizes);
  const told = Array.from(stages, ([name, encoded]) => {
    const histogram = Histogram.decode(encoded);
    const ms = (share: number): string => (histogram.quantile(share) / 1000).toFixed(2);
    return `${name} ${ms(0.5)} (${ms(0.99)})`;
  });
  const busy = devices.map(({ busySeconds }) => `busy for ${busySeconds.toFixed(1)} s`);
  return `${sizes.count} batches of ${sizes.quantile(0.5)} (${sizes.quantile(0.99)}), ms in the median (99%): ${[...told, ...busy].join(", ")}`;
}

/** The ratios of some rounds. @param included what CPU it is, beside the requests' own. */
export function ratiosText(rounds: readonly BlockPair[], included: string): string[] {
  const sum = (of: (round: BlockPair) => number): number =>
    rounds.reduce((total, round) => total + of(round), 0);
  const whole = sum(({ of }) => of.perSecond) / sum(({ over }) => over.perSecond);
  const rates = rounds.map(({ of, over }) => ({ of: of.perSecond, over: over.perSecond }));
  const costs = rounds.map(({ of, over }) => ({ of: of.cpuMs, over: over.cpuMs }));
  return [
    `    throughput ${interval(rates, "higher")}; of all requests together ${whole.toFixed(3)}`,
    `    CPU a request ${interval(costs, "lower")}, ${included}`,
  ];
}

function partText(which: string, rounds: readonly Round[]): string[] {
  if (rounds.length === 0) return [`  ${which}: no round`];
  const included = "the updates' own included, a fold's process not";
  return [`  ${which}, ${rounds.length} rounds:`, ...ratiosText(rounds, included)];
}

export const blockText = ({ perSecond, cpuMs }: Block): string =>
  `${perSecond.toFixed(0)}/s at ${cpuMs.toFixed(2)} ms CPU`;

function interval(pairs: readonly Pair[], better: "higher" | "lower"): string {
  const { ratio, low, high, method } = pairedRatio(pairs, better);
  return `${ratio.toFixed(3)}, ${low.toFixed(3)} to ${high.toFixed(3)} (${method})`;
}

/** Each fault of the load once, with the rounds that it was in. */
export function loadText(rounds: readonly BlockPair[]): string {
  const faulty = rounds.filter(({ of, over }) => of.faults.length + over.faults.length > 0);
  if (faulty.length === 0) return "the load was never the narrow place";
  const [{ of, over }] = faulty as [Round];
  const example = [...of.faults, ...over.faults][0];
  return `the load itself was the narrow place in ${faulty.length} of ${rounds.length} rounds, so updates cost more than it says: ${example}`;
}
