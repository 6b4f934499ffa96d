/** The steps 1, 2, 5 of each decade between two numbers above 0; with fewer than two, 3 and 7 too. */
export function logTicks(low: number, high: number): number[] {
  const coarse = stepsWithin(low, high, [1, 2, 5]);
  return coarse.length >= 3 ? coarse : stepsWithin(low, high, [1, 1.5, 2, 3, 5, 7]);
}

function stepsWithin(low: number, high: number, steps: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
    for (const step of steps) {
      const tick = Number((step * 10 ** decade).toPrecision(2));
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}
