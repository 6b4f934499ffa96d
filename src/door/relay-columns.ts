import { concatenated } from "../math/concatenated.ts";
import type { Answer, RetrievalRequest, UserRef } from "../retrieval/request.ts";
import type { RelayedAsk } from "./relay-message.ts";

// What goes between a door worker and the process of the engine, by column: Node's channel between
// processes calls JavaScript for each typed array of a message, and three a request took as long as half
// of what that process does for it besides (reports/measured.md).

/** Several requests. */
export interface AskColumns {
  /** [asks, `ASK_NUMBERS`] */
  readonly numbers: Float64Array;
  readonly filters: readonly string[];
  /** Features and query vectors, one after the other; null: there are none. */
  readonly vectors: Float32Array | null;
  /** Excluded ids, one request's after the other's; null: there are none. */
  readonly excluded: Float64Array | null;
}

/** Several answers. */
export interface AnswerColumns {
  /** [answers, `ANSWER_NUMBERS`] */
  readonly numbers: Float64Array;
  /** Those of one answer after those of the other. */
  readonly ids: Float64Array;
  /** The same. */
  readonly values: Float32Array;
}

/** One answer, by the number of its request. */
export interface NumberedAnswer {
  readonly id: number;
  readonly answer: Answer;
}

/** Of a request: its number, its deadline, k, who asks (`USERS`), the user's id or how many numbers, and how many ids are excluded. */
const ASK_NUMBERS = 6;
const USERS = ["id", "features", "vectors"] as const satisfies readonly UserRef["kind"][];

/** Of an answer: its request's number, its items, and whether it is partial (1). */
const ANSWER_NUMBERS = 3;

const NO_IDS = new Float64Array(0);

export function askColumns(asks: readonly RelayedAsk[]): AskColumns {
  const numbers = new Float64Array(asks.length * ASK_NUMBERS);
  const [vectors, excluded]: [Float32Array[], Float64Array[]] = [[], []];
  let at = 0;
  for (const { id, deadlineEpochMs, request } of asks) {
    const { user, exclude, k } = request;
    numbers[at++] = id;
    numbers[at++] = deadlineEpochMs;
    numbers[at++] = k;
    numbers[at++] = USERS.indexOf(user.kind);
    if (user.kind === "id") numbers[at++] = user.id;
    else {
      const vector = user.kind === "features" ? user.features : user.vectors;
      vectors.push(vector);
      numbers[at++] = vector.length;
    }
    numbers[at++] = exclude.length;
    if (exclude.length > 0) excluded.push(exclude);
  }
  return {
    numbers,
    filters: asks.map(({ request }) => request.filter),
    vectors: vectors.length === 0 ? null : concatenated(Float32Array, vectors),
    excluded: excluded.length === 0 ? null : concatenated(Float64Array, excluded),
  };
}

/** The requests, on the columns' memory. */
export function asksOf({ numbers, filters, vectors, excluded }: AskColumns): RelayedAsk[] {
  let [vector, gone, at] = [0, 0, 0];
  const takeVector = (length: number): Float32Array =>
    vectors!.subarray(vector, (vector += length));
  const userOf = (kind: UserRef["kind"], number: number): UserRef => {
    if (kind === "id") return { kind, id: number };
    return kind === "features"
      ? { kind, features: takeVector(number) }
      : { kind, vectors: takeVector(number) };
  };
  return filters.map((filter) => {
    const id = numbers[at++]!;
    const deadlineEpochMs = numbers[at++]!;
    const k = numbers[at++]!;
    const kind = USERS[numbers[at++]!]!;
    const user = userOf(kind, numbers[at++]!);
    const excludes = numbers[at++]!;
    const exclude = excludes === 0 ? NO_IDS : excluded!.subarray(gone, (gone += excludes));
    const request: RetrievalRequest = { user, k, filter, exclude };
    return { id, request, deadlineEpochMs };
  });
}

export function answerColumns(answers: readonly NumberedAnswer[]): AnswerColumns {
  const items = answers.reduce((sum, { answer }) => sum + answer.ids.length, 0);
  const numbers = new Float64Array(answers.length * ANSWER_NUMBERS);
  const ids = new Float64Array(items);
  const values = new Float32Array(items);
  let [at, item] = [0, 0];
  for (const { id, answer } of answers) {
    numbers[at++] = id;
    numbers[at++] = answer.ids.length;
    numbers[at++] = Number(answer.partial);
    ids.set(answer.ids, item);
    values.set(answer.values, item);
    item += answer.ids.length;
  }
  return { numbers, ids, values };
}

/** The answers, on the columns' memory. */
export function answersOf({ numbers, ids, values }: AnswerColumns): NumberedAnswer[] {
  const answers: NumberedAnswer[] = [];
  let item = 0;
  for (let at = 0; at < numbers.length; at += ANSWER_NUMBERS) {
    const end = item + numbers[at + 1]!;
    const answer = {
      ids: ids.subarray(item, end),
      values: values.subarray(item, end),
      partial: numbers[at + 2] === 1,
    };
    answers.push({ id: numbers[at]!, answer });
    item = end;
  }
  return answers;
}
