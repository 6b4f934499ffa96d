import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Answer, UserRef } from "../retrieval/request.ts";
import { answerColumns, answersOf, askColumns, asksOf } from "./relay-columns.ts";

const id = fc.maxSafeNat();
const ids = fc.array(id, { maxLength: 5 }).map((all) => Float64Array.from(all));
const floats = fc.float32Array({ maxLength: 5, noNaN: true });
const user: fc.Arbitrary<UserRef> = fc.oneof(
  id.map((known) => ({ kind: "id" as const, id: known })),
  floats.map((features) => ({ kind: "features" as const, features })),
  floats.map((vectors) => ({ kind: "vectors" as const, vectors })),
);
const ask = fc.record({
  id,
  deadlineEpochMs: fc.oneof(fc.constant(Infinity), fc.double({ noNaN: true })),
  request: fc.record({ user, k: fc.nat(), filter: fc.string(), exclude: ids }),
});
const answer: fc.Arbitrary<Answer> = fc.tuple(ids, fc.boolean()).map(([found, partial]) => ({
  ids: found,
  values: Float32Array.from(found, (_, at) => -at / 3),
  partial,
}));

test("requests come out of their columns as they went in, in their order", () => {
  fc.assert(
    fc.property(fc.array(ask, { maxLength: 6 }), (asks) => {
      expect(asksOf(structuredClone(askColumns(asks)))).toEqual(asks);
    }),
  );
});

test("so do answers, those without items, too", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ id, answer }), { maxLength: 6 }), (answers) => {
      expect(answersOf(structuredClone(answerColumns(answers)))).toEqual(answers);
    }),
  );
});

test("columns that nobody fills are not sent", () => {
  const request = {
    user: { kind: "id", id: 7 },
    k: 3,
    filter: "",
    exclude: new Float64Array(0),
  } as const;
  const { vectors, excluded } = askColumns([{ id: 1, deadlineEpochMs: Infinity, request }]);
  expect([vectors, excluded]).toEqual([null, null]);
});
