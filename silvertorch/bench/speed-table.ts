import type { Times } from "./contest.ts";

/**
 * One line of a table: how many requests a second, and how long against another, by round and by the
 * fastest eighth of the rounds.
 */
export function speedLine(
  times: Times,
  { name, over, batch, more }: { name: string; over: string; batch: number; more: string },
): string {
  const ms = times.medianMs(name);
  const { ratio, low, high } = times.ratio(name, over);
  const speed = `${((1000 * batch) / ms).toFixed(0)}/s`.padStart(10);
  const time = `${ms.toFixed(1)} ms`.padStart(10);
  const calm = times.calmRatio(name, over).toFixed(2);
  const against = `${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)}; calm ${calm}) x ${over}`;
  return `  ${name.padEnd(34)}${speed}${time}   ${name === over ? "" : against}  ${more}`;
}
