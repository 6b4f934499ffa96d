import type { Dataset } from "../../src/dataset/dataset.ts";
import { connectDoor } from "../../src/door/client.ts";
import { Random } from "../../src/math/random.ts";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { eligibleRows } from "../../src/retrieval/filter/evaluate.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { System } from "../../src/system.ts";
import { type FilterKind, RandomFilter } from "./random-filter.ts";

const K = 20;
const EXCLUDED = 10;
const TIMEOUT = { timeoutMs: 60_000 };
/** Requests under way at once. */
const IN_FLIGHT = 32;

/** How the answers to random filters of one kind compare with an exact scan of the catalogue. */
export interface Agreement {
  asked: number;
  /** Ids that are ineligible, excluded, unknown or there a second time. */
  violations: number;
  /** Answers of another length than min(k, eligible and not excluded). */
  wrongLength: number;
  /** Texts of filters that one of these came of. */
  readonly wrong: string[];
}

/**
 * Asks a system as many requests with random filters, and holds each answer against the items that
 * pass by the oracle's own evaluation of the filter, row by row.
 */
export async function agreeOnFilters(
  system: Pick<System, "address">,
  { catalogue, users }: Pick<Dataset, "catalogue" | "users">,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<ReadonlyMap<FilterKind, Agreement>> {
  const random = new Random(seed);
  const filters = new RandomFilter(catalogue, random);
  const rowOf = new Map(Array.from(catalogue.ids, (id, row) => [id, row]));
  const agreements = new Map<FilterKind, Agreement>();
  const client = connectDoor(system.address);
  let left = count;
  const ask = async (): Promise<void> => {
    while (left-- > 0) {
      const { kind, filter } = filters.next();
      const excluded = Array.from({ length: random.int(2) * EXCLUDED }, () =>
        random.int(catalogue.count),
      );
      const request: RetrievalRequest = {
        user: { kind: "id", id: users.ids[random.int(users.count)]! },
        k: K,
        filter,
        exclude: Float64Array.from(excluded, (row) => catalogue.ids[row]!),
      };
      const { ids } = await client.retrieve(request, TIMEOUT);
      const bound = bindFilter(parseFilter(filter), catalogue.columns);
      const allowed = new Set(eligibleRows(bound, catalogue));
      for (const row of excluded) allowed.delete(row);
      const answered = new Set(ids);
      const forbidden = [...answered].filter((id) => !allowed.has(rowOf.get(id) ?? -1)).length;
      const violations = forbidden + ids.length - answered.size;
      const isWrongLength = ids.length !== Math.min(K, allowed.size);
      const agreement = agreements.get(kind) ?? {
        asked: 0,
        violations: 0,
        wrongLength: 0,
        wrong: [],
      };
      agreements.set(kind, agreement);
      agreement.asked++;
      agreement.violations += violations;
      agreement.wrongLength += Number(isWrongLength);
      if (violations > 0 || isWrongLength) agreement.wrong.push(filter);
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, ask));
  } finally {
    client.close();
  }
  return agreements;
}
