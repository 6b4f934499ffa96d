import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packWords } from "../../src/door/packed.ts";
import { loadService } from "../../src/door/service-definition.ts";
import { HarnessError } from "../../src/errors.ts";
import { INDEX_SERVICE, MESH_PROTO } from "../mesh-wire.ts";
import type { Search } from "../services.ts";
import {
  decodeAnswers,
  decodeSearches,
  encodeAnswers,
  encodeSearches,
  type SearchAnswer,
  type WireSearchRequest,
  type WireSearchResponse,
} from "./search-wire.ts";

const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
  loadService(MESH_PROTO, INDEX_SERVICE)["Search"]!;

const carried = (searches: readonly Search[]): WireSearchRequest =>
  requestDeserialize(requestSerialize(encodeSearches(searches))) as WireSearchRequest;
const arrived = (answers: readonly SearchAnswer[]): SearchAnswer[] =>
  decodeAnswers(
    responseDeserialize(responseSerialize(encodeAnswers(answers))) as WireSearchResponse,
  );

const word = fc.integer({ min: 0, max: 0xffffffff });
const words = fc.array(word, { maxLength: 9 }).map((all) => Uint32Array.from(all));
const floats = (length: number) =>
  fc
    .array(fc.float({ noNaN: true }), { minLength: length, maxLength: length })
    .map((all) => Float32Array.from(all));

const shared = Buffer.from([1, 2, 3]);
const search: fc.Arbitrary<Search> = fc.record(
  {
    vectors: fc.integer({ min: 1, max: 3 }).chain((heads) => floats(heads * 4)),
    k: fc.integer({ min: 1, max: 1000 }),
    eligible: fc.constantFrom(
      { bitmap: null, count: 10 },
      { bitmap: shared, count: 3 },
      { bitmap: Buffer.from([9]), count: 1 },
      { bitmap: Buffer.alloc(0), count: 0 },
    ),
    excluded: words,
    effort: fc.constantFrom({ probes: 8 }, { expansionSearch: 64 }),
  },
  { requiredKeys: ["vectors", "k", "eligible", "excluded"] },
);
const answer: fc.Arbitrary<SearchAnswer> = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }).chain((counts) => {
    const length = counts.reduce((sum, count) => sum + count, 0);
    return fc.record({
      rows: fc
        .array(word, { minLength: length, maxLength: length })
        .map((all) => Uint32Array.from(all)),
      values: floats(length),
      counts: fc.constant(Uint32Array.from(counts)),
      version: fc.nat(),
    });
  }),
  fc.constant(new HarnessError("BAD_INPUT", "no such effort", { where: "probes" })),
);

describe("a batch of searches on the wire", () => {
  it("arrives as it was sent", () => {
    fc.assert(
      fc.property(fc.array(search, { maxLength: 6 }), (searches) => {
        expect(decodeSearches(carried(searches))).toEqual(searches);
      }),
      { numRuns: 100 },
    );
  });

  it("has the rows of a filter once, however many searches share them", () => {
    const one: Search = {
      vectors: new Float32Array(4),
      k: 5,
      eligible: { bitmap: shared, count: 3 },
      excluded: new Uint32Array(0),
    };
    const { eligible } = carried([one, { ...one, eligible: { bitmap: null, count: 9 } }, one]);
    expect(eligible.map(({ all, count }) => ({ all, count }))).toEqual([
      { all: false, count: 3 },
      { all: true, count: 9 },
    ]);
  });

  it("is refused where its parts do not fit together, with the field", () => {
    const whole = carried([
      {
        vectors: new Float32Array(4),
        k: 5,
        eligible: { bitmap: null, count: 9 },
        excluded: Uint32Array.of(1, 2),
      },
    ]);
    const refusal = (part: Partial<WireSearchRequest>) => () =>
      decodeSearches({ ...whole, ...part });
    expect(refusal({ vectors: packWords(new Float32Array(3)) })).toThrow(
      "vectors: more than its 3 numbers are told of",
    );
    expect(refusal({ excluded: packWords(new Uint32Array(3)) })).toThrow(
      "excluded: 3 numbers came, of which 2 are told of",
    );
    expect(refusal({ eligible: [] })).toThrow("eligible: search 0 wants number 0 of 0");
    expect(refusal({ searches: packWords(new Uint32Array(7)) })).toThrow(
      "searches: 7 numbers are no 6 for each",
    );
  });
});

it("answers arrive as they were sent, those that failed in their places", () => {
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 6 }), (answers) => {
      expect(arrived(answers)).toEqual(answers);
    }),
    { numRuns: 100 },
  );
});
