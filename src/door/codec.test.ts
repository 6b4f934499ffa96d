import { expect, test } from "vitest";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { decodeRequest, encodeRequest, type WireRequest } from "./codec.ts";
import {
  RETRIEVAL_PROTO,
  RETRIEVAL_SERVICE,
  answerFromBytes,
  requestToBytes,
} from "./retrieval-service.ts";
import { loadService } from "./service-definition.ts";

const limits = { items: 100, userDim: 3, queryDim: 4, maxInFlight: 10 };
const { Retrieve } = loadService(RETRIEVAL_PROTO, RETRIEVAL_SERVICE);

const request: RetrievalRequest = {
  user: { kind: "id", id: 2 ** 40 + 3 },
  k: 7,
  filter: "lang:en",
  exclude: Float64Array.of(5, 2 ** 45),
};

/** A request over the wire and back. */
const travel = (sent: RetrievalRequest): RetrievalRequest =>
  decodeRequest(Retrieve!.requestDeserialize(requestToBytes(sent)) as WireRequest, limits);

test("a request comes back as it was, whoever asks", () => {
  expect(travel(request)).toEqual(request);
  const features = { kind: "features", features: Float32Array.of(0.1, -2, 3) } as const;
  expect(travel({ ...request, user: features })).toEqual({ ...request, user: features });
  const vectors = { kind: "vectors", vectors: Float32Array.of(1, 2, 3, 4) } as const;
  expect(travel({ ...request, user: vectors })).toEqual({ ...request, user: vectors });
});

test("user id 0 is a user like any other", () => {
  expect(travel({ ...request, user: { kind: "id", id: 0 } }).user).toEqual({ kind: "id", id: 0 });
});

test("a request without a user says which fields would do", () => {
  const { userId: _, user: __, ...rest } = encodeRequest(request);
  expect(() => decodeRequest(rest, limits)).toThrow(/user_id, user_features and query_vectors/);
});

test.each([
  ["k of 0", { ...request, k: 0 }, /k: expected an integer from 1 to 100.*got 0/],
  ["k beyond the catalogue", { ...request, k: 101 }, /k: .*101/],
  [
    "a NaN",
    { ...request, user: { kind: "features", features: Float32Array.of(1, NaN, 0) } },
    /NaN/,
  ],
  [
    "features of the wrong length",
    { ...request, user: { kind: "features", features: Float32Array.of(1, 2) } },
    /3.*2/,
  ],
  [
    "query vectors of the wrong length",
    { ...request, user: { kind: "vectors", vectors: Float32Array.of(1, 2) } },
    /4.*2/,
  ],
  ["too many exclusions", { ...request, exclude: new Float64Array(10_001) }, /exclude.*10000/],
] satisfies [string, RetrievalRequest, RegExp][])("%s is refused by name", (_, sent, message) => {
  expect(() => travel(sent)).toThrow(message);
});

test("a user id of 2^53 or more is refused, not rounded", () => {
  const wire = { ...encodeRequest(request), userId: 2 ** 60 };
  expect(() => decodeRequest(wire, limits)).toThrow(/2\^53/);
});

test("an answer comes back as it was", () => {
  const ids = Buffer.alloc(16);
  ids.writeBigUInt64LE(9n, 0);
  ids.writeBigUInt64LE(2n ** 50n, 8);
  const values = Buffer.from(Float32Array.of(0.5, -1).buffer);
  const bytes = Retrieve!.responseSerialize({ ids, values, partial: true });
  expect(answerFromBytes(bytes)).toEqual({
    ids: Float64Array.of(9, 2 ** 50),
    values: Float32Array.of(0.5, -1),
    partial: true,
  });
});

test("an answer whose ids and values differ in number breaks the contract", () => {
  const bytes = Retrieve!.responseSerialize({ ids: Buffer.alloc(16), values: Buffer.alloc(4) });
  expect(() => answerFromBytes(bytes)).toThrow("2 ids and 1 values");
});
