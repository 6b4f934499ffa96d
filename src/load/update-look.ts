import { setTimeout as sleep } from "node:timers/promises";
import type { DoorClient } from "../door/client.ts";
import type { Answer, RetrievalRequest, UserRef } from "../retrieval/request.ts";
import type { TwoValues } from "./item-values.ts";

/** How an answer tells that an update holds. */
export interface Sign {
  readonly id: number;
  /** Lets through the item as the update makes it, or as it was before it is gone; nothing else. */
  readonly filter: string;
  /** Whether the item is in the answer once the update holds, or no more. */
  readonly isThere: boolean;
}

export interface LookOptions {
  readonly door: DoorClient;
  /** What the item is worth to the user, where that tells the update; null: that it is there does. */
  readonly values: Pick<TwoValues, "before" | "after"> | null;
  readonly user: UserRef;
  /** When the update was meant to be sent, and when it was: of performance.now(). */
  readonly dueMs: number;
  readonly sentMs: number;
  /** After so long from when it was due, an update that is in no answer is lost. */
  readonly lostAfterMs: number;
  readonly signal: AbortSignal;
}

/** When an update was in an answer. */
export interface Seen {
  /** From when it was due. */
  readonly visibleMs: number;
  /** By so much at most that is too long: from the last look that did not find it. */
  readonly overMs: number;
}

/** Between two looks: at least so long, and this share of the time that the update takes already. */
const LOOK_EVERY_MS = 2;
const LOOK_EVERY_SHARE = 0.05;

/** How long one look waits for its answer. */
const LOOK_TIMEOUT_MS = 10_000;

/**
 * Asks for what only the updated item can answer until the update is in an answer. No other item
 * passes the filter, so how the model ranks does not matter: neither by which score, nor how many
 * candidates it keeps. A look that fails, or is answered in part, has seen nothing.
 *
 * @returns null: it was in no answer in time.
 */
export async function lookFor(sign: Sign, options: LookOptions): Promise<Seen | null> {
  const { door, user, dueMs, sentMs, lostAfterMs, signal } = options;
  const { filter } = sign;
  const request: RetrievalRequest = { user, k: 1, filter, exclude: new Float64Array(0) };
  let missedMs = sentMs;
  for (;;) {
    const askedMs = performance.now();
    const leftMs = dueMs + lostAfterMs - askedMs;
    if (leftMs <= 0 || signal.aborted) return null;
    const timeoutMs = Math.min(LOOK_TIMEOUT_MS, leftMs);
    const answer = await door.retrieve(request, { timeoutMs }).catch(() => null);
    const nowMs = performance.now();
    if (answer !== null && !answer.partial) {
      if (holds(answer, sign, options)) {
        return { visibleMs: nowMs - dueMs, overMs: nowMs - missedMs };
      }
      missedMs = askedMs;
    }
    const pauseMs = Math.max(LOOK_EVERY_MS, LOOK_EVERY_SHARE * (nowMs - dueMs));
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}

function holds(
  { ids, values }: Answer,
  { id, isThere }: Sign,
  { values: known }: Pick<LookOptions, "values">,
): boolean {
  const at = ids.indexOf(id);
  if (at < 0 || !isThere || known === null) return at >= 0 === isThere;
  const value = values[at]!;
  return Math.abs(value - known.after) < Math.abs(value - known.before);
}
