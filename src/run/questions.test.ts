import { describe, expect, it } from "vitest";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { PlannedLoad } from "../scenario/planned-loads.ts";
import { askedBy, splitForTuning } from "./questions.ts";

const requests = Array.from({ length: 10 }, (_, at): RetrievalRequest => ({
  user: { kind: "id", id: at },
  k: 1,
  filter: "",
  exclude: new Float64Array(),
}));
/** Templates 0, 1, 2 in turn. */
const all = {
  requests,
  numbers: Uint32Array.from(requests.keys()),
  templateOf: Uint16Array.from(requests, (_, at) => at % 3),
};
const filters = [
  { name: "first", weight: 1, template: "" },
  { weight: 1, template: "" },
  { name: "third", weight: 1, template: "" },
];

function asked(names: string[] | undefined, questions = all): number[] {
  const closed = {
    shape: "closed",
    inFlight: 1,
    seconds: 1,
    client: "lean",
    connections: 1,
  } as const;
  const spec = names === undefined ? closed : { ...closed, filters: names };
  const load: Pick<PlannedLoad, "name" | "spec"> = { name: "it", spec };
  const found = askedBy(load, questions, filters);
  expect(found.requests.map(({ user }) => (user.kind === "id" ? user.id : -1))).toEqual([
    ...found.numbers,
  ]);
  return [...found.numbers];
}

describe("what a load asks", () => {
  it("is everything, or the requests of the filters it names, by the numbers that they are scored by", () => {
    expect(asked(undefined)).toHaveLength(10);
    expect(asked(["third"])).toEqual([2, 5, 8]);
    expect(asked(["first", "third"])).toEqual([0, 2, 3, 5, 6, 8, 9]);
  });

  it("leaves out what is held back for tuning", () => {
    const { timed, tuning } = splitForTuning(all);
    expect([...tuning.numbers]).toEqual([8, 9]);
    expect(asked(["third"], timed)).toEqual([2, 5]);
  });

  it("cannot be nothing", () => {
    const few = { ...all, requests: requests.slice(0, 2), numbers: all.numbers.slice(0, 2) };
    expect(() => asked(["third"], few)).toThrow("no request has the filter third");
  });
});
