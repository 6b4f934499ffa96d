import { Histogram } from "../math/histogram.ts";
import type { ThreadUsage } from "../measure/event-loop.ts";
import type { Observations } from "./observations.ts";
import { mergeErrors, mergeTimes } from "./merge-observations.ts";

/** What was seen of a load in several blocks, one after the other, as of one window. */
export function joinBlocks(blocks: readonly Observations[]): Observations {
  const [first] = blocks;
  if (blocks.length === 1) return first!;
  const total = (of: (block: Observations) => number): number =>
    blocks.reduce((sum, block) => sum + of(block), 0);
  const sent = blocks.flatMap(({ sendLatency }) => (sendLatency === null ? [] : [sendLatency]));
  const known = blocks.every(({ offered }) => offered !== null);
  return {
    seconds: total(({ seconds }) => seconds),
    completed: total(({ completed }) => completed),
    answered: total(({ answered }) => answered),
    offered: known ? total(({ offered }) => offered!) : null,
    late: total(({ late }) => late),
    unsent: total(({ unsent }) => unsent),
    errors: mergeErrors(blocks),
    failuresMs: mergeTimes(blocks),
    latency: addAll(blocks.map(({ latency }) => latency)),
    sendLatency: sent.length === blocks.length ? addAll(sent) : null,
    perSecond: { completed: blocks.flatMap(({ perSecond }) => perSecond.completed) },
    unfinished: {
      count: total(({ unfinished }) => unfinished.count),
      longestMs: Math.max(...blocks.map(({ unfinished }) => unfinished.longestMs)),
    },
    nextAt: blocks.at(-1)!.nextAt,
    overloaded: blocks.find(({ overloaded }) => overloaded !== null)?.overloaded ?? null,
    endedEarly: blocks.find(({ endedEarly }) => endedEarly !== null)?.endedEarly ?? null,
    client: meanUsage(blocks),
    threads: Math.max(...blocks.map(({ threads }) => threads)),
    answers: blocks.slice(1).reduce((all, { answers }) => all.with(answers), first!.answers),
  };
}

function addAll(histograms: readonly Histogram[]): Histogram {
  const sum = Histogram.create();
  for (const histogram of histograms) sum.add(histogram);
  return sum;
}

/** Over the blocks by their length; of percentiles it is the mean, for they cannot be merged. */
function meanUsage(blocks: readonly Observations[]): ThreadUsage {
  const seconds = blocks.reduce((sum, block) => sum + block.seconds, 0);
  const mean = (of: (usage: ThreadUsage) => number): number =>
    seconds === 0
      ? Math.max(...blocks.map(({ client }) => of(client)))
      : blocks.reduce((sum, block) => sum + of(block.client) * block.seconds, 0) / seconds;
  const known = blocks.every(({ client }) => client.cpuSeconds !== null);
  return {
    cpuSeconds: known ? blocks.reduce((sum, { client }) => sum + client.cpuSeconds!, 0) : null,
    cpuShare: mean(({ cpuShare }) => cpuShare),
    lagP99Ms: mean(({ lagP99Ms }) => lagP99Ms),
    gcShare: mean(({ gcShare }) => gcShare),
    waitShare: blocks.every(({ client }) => client.waitShare !== null)
      ? mean(({ waitShare }) => waitShare!)
      : null,
  };
}
