import { concatenated } from "../src/math/concatenated.ts";
import type { CallContext } from "../src/door/retriever.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import { widened } from "./engine/widened.ts";
import type { ChangedItems } from "./live/changed-items.ts";
import type { RankedIds } from "./live/merge.ts";
import type { RequestBatches } from "./request-batches.ts";

/** Where an answer comes from. */
export interface AnswerSource {
  readonly changed: ChangedItems;
  readonly batches: Pick<RequestBatches, "ask">;
  /** Whether its engine makes up for what is hidden by itself. */
  readonly widensAnswers: boolean;
  /** Compiled items. */
  readonly items: number;
}

/**
 * The compiled items' answer and the fresh ones' together, as they were when its batch began. Where
 * the score is all that counts, what is hidden is taken out of the answer, of which somewhat more was
 * asked for; in the rare case that too little is left, it is asked for again without the hidden.
 * @throws HarnessError BAD_INPUT, OVERLOADED or DEADLINE.
 */
export async function changedAnswer(
  { changed: { live, ranked }, batches, widensAnswers, items }: AnswerSource,
  request: RetrievalRequest,
  context: CallContext,
): Promise<RankedIds> {
  const asksForMore = ranked === null && !widensAnswers && live.hidden > 0;
  const { k, exclude } = request;
  const more = asksForMore ? widened(k, live.hidden, items) : k;
  let answer = await batches.ask(request, { k: more, exclude }, context);
  while (answer === null) {
    const compiled = { k, exclude: concatenated(Float64Array, [exclude, live.hiddenIds()]) };
    answer = await batches.ask(request, compiled, context);
  }
  return answer;
}
