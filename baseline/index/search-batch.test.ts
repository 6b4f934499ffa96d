import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Candidates, Search } from "../services.ts";
import { packCandidates, packSearches, unpackCandidates, unpackSearches } from "./search-batch.ts";

const rows = fc.uint32Array({ maxLength: 6 });
const floats = fc.float32Array({ maxLength: 6, noNaN: true });
const bitmaps = [null, Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(), Uint8Array.of(9)];
const effort = fc.record(
  {
    probes: fc.integer({ min: 1, max: 1_000_000 }),
    expansionSearch: fc.integer({ min: 8, max: 65_536 }),
  },
  { requiredKeys: [] },
);

const searches: fc.Arbitrary<Search[]> = fc.array(
  fc
    .record({
      vectors: floats,
      k: fc.nat(),
      eligible: fc.record({ bitmap: fc.constantFrom(...bitmaps), count: fc.nat() }),
      excluded: rows,
      effort,
    })
    .map(({ effort: own, ...search }) =>
      Object.keys(own).length === 0 ? search : { ...search, effort: own },
    ),
  { maxLength: 5 },
);

it("hands over searches as they are: filters that some share, exclusions, efforts", () => {
  fc.assert(
    fc.property(searches, (asked) => {
      expect(unpackSearches(packSearches(asked))).toEqual(asked);
    }),
    { numRuns: 200 },
  );
});

it("has a bitmap that searches share once", () => {
  const bitmap = new Uint8Array(4_000);
  const search = {
    vectors: Float32Array.of(1),
    k: 1,
    eligible: { bitmap, count: 1 },
    excluded: Uint32Array.of(),
  };
  expect(packSearches([search, search, search]).byteLength).toBeLessThan(5_000);
});

it("hands back what was found, head by head, with the version that it was found in", () => {
  const found: fc.Arbitrary<Candidates[]> = fc.array(
    fc
      .array(fc.record({ row: fc.nat(), value: fc.float({ noNaN: true }) }), { maxLength: 8 })
      .chain((pairs) =>
        rows.map((counts) => ({
          rows: Uint32Array.from(pairs, ({ row }) => row),
          values: Float32Array.from(pairs, ({ value }) => value),
          counts,
        })),
      ),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(found, fc.nat(), (candidates, version) => {
      const expected = candidates.map((one) => ({ ...one, version }));
      expect(unpackCandidates(packCandidates(candidates), { version })).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
