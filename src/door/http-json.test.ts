import { expect, test } from "vitest";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { answerFromJson, answerToJson, requestFromJson, requestToJson } from "./http-json.ts";

const limits = { items: 100, userDim: 3, queryDim: 4, maxInFlight: 10 };

test("a request needs no more than who asks and k", () => {
  expect(requestFromJson('{"user_id": 4, "k": 5}', limits)).toEqual({
    request: { user: { kind: "id", id: 4 }, k: 5, filter: "", exclude: new Float64Array() },
    deadlineMs: Infinity,
  });
});

test("a request comes back as it was", () => {
  const users: RetrievalRequest["user"][] = [
    { kind: "id", id: 0 },
    { kind: "features", features: Float32Array.of(0.1, 2, 3) },
    { kind: "vectors", vectors: Float32Array.of(1, 2, 3, 4) },
  ];
  for (const user of users) {
    const request = { user, k: 3, filter: "a:b", exclude: Float64Array.of(1, 2 ** 52) };
    expect(requestFromJson(requestToJson(request), limits).request).toEqual(request);
  }
});

test.each([
  ["", "body", /no JSON/],
  ["[]", "body", /a JSON object was expected, \[\] came/],
  ['{"k":5}', "user", /exactly one of .* 0 came/],
  ['{"user_id":1,"query_vectors":[1],"k":5}', "user", /exactly one of .* 2 came/],
  ['{"user_id":"1","k":5}', "user_id", /a number was expected, "1" came/],
  ['{"user_id":1}', "k", /a number was expected, nothing came/],
  ['{"user_id":1,"k":0}', "k", /1 to 100/],
  ['{"user_id":1,"k":1.5}', "k", /1\.5/],
  ['{"user_id":1,"k":5,"filters":""}', "filters", /is no field of a request/],
  ['{"user_id":1,"k":5,"filter":7}', "filter", /a string was expected, 7 came/],
  ['{"user_id":1,"k":5,"exclude":[1,null]}', "exclude[1]", /a number was expected, null came/],
  ['{"user_id":1,"k":5,"exclude":[-1]}', "exclude", /-1/],
  ['{"user_id":1,"k":5,"deadline_ms":0}', "deadline_ms", /a positive number/],
  ['{"user_features":[1,2],"k":5}', "user_features", /3.*2/],
])("%s is refused at %s", (text, where, message) => {
  const parse = (): unknown => requestFromJson(text, limits);
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.objectContaining({ where }));
});

test("an answer comes back as it was", () => {
  const answer = {
    ids: Float64Array.of(1, 2 ** 52),
    values: Float32Array.of(0.1, -3),
    partial: false,
  };
  expect(answerFromJson(answerToJson(answer))).toEqual(answer);
});
