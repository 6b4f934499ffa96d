import { describe, expect, it } from "vitest";
import { HarnessError } from "../errors.ts";
import type { RetrievalRequest } from "./request.ts";
import { validateRequest } from "./validate.ts";

const limits = { items: 1000, userDim: 4, queryDim: 6 };
const good: RetrievalRequest = {
  user: { kind: "id", id: 7 },
  k: 10,
  filter: "lang:en",
  exclude: Float64Array.of(1, 2),
};

describe("validateRequest", () => {
  it("lets well-formed requests pass, whoever asks", () => {
    const users: RetrievalRequest["user"][] = [
      good.user,
      { kind: "features", features: new Float32Array(4) },
      { kind: "vectors", vectors: new Float32Array(6) },
    ];
    for (const user of users) {
      expect(() => validateRequest({ ...good, user }, limits)).not.toThrow();
    }
    const exclude = new Float64Array(10_000);
    expect(() => validateRequest({ ...good, k: 1000, exclude }, limits)).not.toThrow();
  });

  it.each<[string, Partial<RetrievalRequest>, string]>([
    ["k", { k: 0 }, "k: expected an integer from 1 to 1000, the items there are; got 0"],
    ["k", { k: 1001 }, "got 1001"],
    ["k", { k: 1.5 }, "got 1.5"],
    ["user_id", { user: { kind: "id", id: -1 } }, "got -1"],
    [
      "user_features",
      { user: { kind: "features", features: new Float32Array(3) } },
      "user_features: expected 4 numbers, got 3",
    ],
    [
      "query_vectors",
      { user: { kind: "vectors", vectors: Float32Array.of(0, 0, 0, Infinity, 0, 0) } },
      "query_vectors: expected finite numbers, got Infinity at position 3",
    ],
    ["filter", { filter: " ".repeat(200_001) }, "filter: expected at most 200000 characters"],
    [
      "exclude",
      { exclude: new Float64Array(10_001) },
      "exclude: expected at most 10000 ids; got 10001",
    ],
    ["exclude", { exclude: Float64Array.of(1, NaN) }, "got NaN"],
    [
      "exclude",
      { exclude: Float64Array.of(2 ** 60) },
      "exclude: expected an integer from 0 to 2^53 - 1; got 1152921504606847000",
    ],
  ])("names the field %s of a bad request", (field, change, message) => {
    const check = (): void => validateRequest({ ...good, ...change }, limits);
    expect(check).toThrow(message);
    expect(check).toThrow(expect.objectContaining({ code: "BAD_INPUT", where: field }));
    expect(check).toThrow(HarnessError);
  });

  it("refuses query vectors where the model has an OverArch", () => {
    const user = { kind: "vectors", vectors: new Float32Array(6) } as const;
    expect(() => validateRequest({ ...good, user }, { ...limits, queryDim: 0 })).toThrow(
      "query_vectors cannot be used with an OverArch; send user_id or user_features",
    );
  });
});
