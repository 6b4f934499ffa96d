import type { CallContext } from "../src/door/retriever.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import { widened } from "./engine/widened.ts";
import type { ChangedItems } from "./live/changed-items.ts";
import { merged, type RankedIds, visibleCount } from "./live/merge.ts";
import type { Found, RequestBatches } from "./request-batches.ts";

/** Where an answer comes from. */
export interface AnswerSource {
  readonly changed: ChangedItems;
  readonly batches: Pick<RequestBatches, "ask">;
  /** Whether its engine makes up for what is hidden by itself. */
  readonly widensAnswers: boolean;
  /** Compiled items. */
  readonly items: number;
  /** Of compiled items. */
  readonly idOf: (row: number) => number;
}

/**
 * The compiled items' answer and the fresh ones' together, as they were when its batch began. Where
 * the score is all that counts, what is hidden is taken out of the answer, of which somewhat more was
 * asked for; in the rare case that too little is left, it is asked for again without the hidden.
 * @throws HarnessError BAD_INPUT, OVERLOADED or DEADLINE.
 */
export async function changedAnswer(
  { changed: { live, ranked }, batches, widensAnswers, items, idOf }: AnswerSource,
  request: RetrievalRequest,
  context: CallContext,
): Promise<RankedIds> {
  if (ranked !== null) return rankedIds(await batches.ask(request, request, context));
  const { k } = request;
  let asked = widensAnswers ? k : widened(k, live.hidden, items);
  let found = await batches.ask({ ...request, k: asked }, request, context);
  if (found.open.count === 0 && live.hidden === 0) return rankedIds(found);
  while (found.answer.rows.length >= asked && visibleCount(found.answer, found) < k) {
    asked = k;
    const exclude = joined(request.exclude, live.hiddenIds());
    found = await batches.ask({ ...request, exclude }, request, context);
  }
  const { answer, open, hidden } = found;
  const { freshScores: scores, freshSlots: slots } = answer;
  return merged(answer, { hidden, idOf }, { live, scores, slots, open }, k);
}

const rankedIds = ({ answer: { rows, values }, idsOf }: Found): RankedIds => ({
  ids: idsOf(rows),
  values,
});

function joined(one: Float64Array, other: Float64Array): Float64Array {
  const all = new Float64Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
