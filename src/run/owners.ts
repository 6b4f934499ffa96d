import type { Workload } from "../dataset/workload.ts";
import { CatalogueOwner } from "../load/catalogue-owner.ts";
import { Random } from "../math/random.ts";
import { doubt } from "../result/doubts.ts";
import type { Doubt } from "../result/schema.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { Unit } from "./units.ts";

/** Those who change catalogues, one a unit whose system gets updates: each draws the same ones. */
export class Owners implements Disposable {
  readonly #of = new Map<Unit, CatalogueOwner>();

  /**
   * @throws HarnessError BAD_INPUT naming a system whose catalogue cannot be changed, or where
   *   nothing tells the items apart.
   */
  constructor(units: readonly Unit[], scenario: Scenario, { dataset, model }: Workload) {
    const { updates, seeds } = scenario;
    if (updates === undefined) return;
    const { perSecond, everyMs, lostAfterSeconds } = updates;
    for (const unit of units) {
      if (updates.systems?.includes(unit.system) === false) continue;
      const { running: system, door } = unit;
      const seed = new Random(seeds.data).fork("updates").bits();
      const rate = { perSecond, everyMs, lostAfterMs: 1000 * lostAfterSeconds };
      this.#of.set(unit, new CatalogueOwner({ dataset, model, system, door, ...rate, seed }));
    }
  }

  /** null: its catalogue stands still. */
  of(unit: Unit): CatalogueOwner | null {
    return this.#of.get(unit) ?? null;
  }

  get doubts(): Doubt[] {
    const names = new Set([...this.#of.keys()].map(({ system }) => system));
    if (names.size === 0) return [];
    const how = "their recall is that of requests asked right after each load";
    return [doubt("changing-catalogue", `${[...names].join(", ")}; ${how}`)];
  }

  [Symbol.dispose](): void {
    for (const owner of this.#of.values()) owner[Symbol.dispose]();
  }
}
