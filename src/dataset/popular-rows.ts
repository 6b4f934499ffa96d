import { HarnessError } from "../errors.ts";
import type { Random } from "../math/random.ts";
import type { Catalogue } from "../retrieval/catalogue.ts";

/** Draws item rows in proportion to the column `popularity`; uniformly if there is none. */
export class PopularRows {
  readonly #count: number;
  /** [count] running sums; null: uniform. */
  readonly #sums: Float64Array | null;

  /** @throws HarnessError DATA if a popularity is negative. */
  constructor({ columns, count }: Catalogue) {
    this.#count = count;
    const column = columns.find(({ name, kind }) => name === "popularity" && kind === "numeric");
    this.#sums = column?.kind === "numeric" ? runningSums(column.values) : null;
  }

  sample(random: Random): number {
    const sums = this.#sums;
    if (sums === null) return random.int(this.#count);
    const target = random.float() * sums[this.#count - 1]!;
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** null if all weights are zero or absent. */
function runningSums(weights: Float32Array): Float64Array | null {
  const sums = new Float64Array(weights.length);
  let sum = 0;
  for (const [row, weight] of weights.entries()) {
    if (weight < 0) {
      throw new HarnessError(
        "DATA",
        `row ${row}: expected a popularity of 0 or more, got ${weight}`,
        {
          where: "popularity",
        },
      );
    }
    if (weight > 0) sum += weight;
    sums[row] = sum;
  }
  return sum > 0 ? sums : null;
}
