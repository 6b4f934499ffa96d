import { median } from "../math/quantile.ts";
import { Random } from "../math/random.ts";
import { bindFilter } from "../retrieval/filter/bind.ts";
import { matches } from "../retrieval/filter/evaluate.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import type { Dataset } from "./dataset.ts";
import { NearItems } from "./near-items.ts";
import type { RequestSet } from "./requests.ts";

/** Requests of a template that are looked at. */
const SAMPLE = 100;
/** Items around each of their users: so many, and this share of a small catalogue at most. */
const NEAR = 1000;
const NEAR_SHARE = 0.02;
/** Beyond so many items the look would cost more than it tells. */
const MOST_ITEMS = 2_000_000;

/**
 * How much likelier an item near the user passes than any item, a template each: 1 where filter and
 * nearness have nothing to do with each other, above it where what passes lies near, below it where
 * it lies elsewhere. The median of a hundred requests: where what passes lies in one place, the mean
 * would be made by the few users who happen to be there. null where nearness is unknown.
 * @param passRates [templates] share of all items that passes.
 */
export function filterLifts(
  { catalogue, users }: Dataset,
  { requests, templateOf }: RequestSet,
  passRates: readonly (number | null)[],
): (number | null)[] {
  const isUnknown = users.dim !== catalogue.dim || catalogue.generated !== undefined;
  if (isUnknown || catalogue.count > MOST_ITEMS) return passRates.map(() => null);
  const near = new NearItems(catalogue, new Random(0).fork("lift"));
  const rowOf = new Map(Array.from(users.ids, (id, row) => [id, row]));
  const around = Math.max(1, Math.min(NEAR, Math.floor(catalogue.count * NEAR_SHARE)));
  return passRates.map((passRate, template) => {
    if (passRate === null || passRate === 0) return null;
    const asked = requests.filter((_, at) => templateOf[at] === template).slice(0, SAMPLE);
    const shares = asked.flatMap(({ user, filter }) => {
      const row = user.kind === "id" ? rowOf.get(user.id) : undefined;
      if (row === undefined) return [];
      const features = users.features.subarray(row * users.dim, (row + 1) * users.dim);
      const bound = bindFilter(parseFilter(filter), catalogue.columns);
      const rows = [...near.near(features, around)];
      return rows.filter((each) => matches(bound, catalogue, each)).length / rows.length;
    });
    if (shares.length === 0) return null;
    return median(shares) / passRate;
  });
}
