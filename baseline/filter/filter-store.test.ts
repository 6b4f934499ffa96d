import { describe, expect, it } from "vitest";
import { categorical } from "../../src/retrieval/catalogue-fixture.ts";
import { FilterStore } from "./filter-store.ts";
import { InvertedIndex } from "./inverted-index.ts";
import { RowBitmap } from "./row-bitmap.ts";

const columns = [categorical("lang", ["en", "de"], [])];
const postings = [RowBitmap.of(Uint32Array.of(0, 2)), RowBitmap.of(Uint32Array.of(1))];
const index = new InvertedIndex(4, [{ kind: "categorical", postings }]);

describe("FilterStore", () => {
  it("answers a batch in order, a wrong filter with its own error", async () => {
    const store = new FilterStore({ columns, index, cache: 0 });
    const answers = await store.evaluate(["lang:en", "country:us", "", "lang:("]);
    expect(answers).toMatchObject([
      { count: 2 },
      { code: "BAD_INPUT", message: expect.stringContaining('no column "country"') },
      { count: 4, bitmap: null },
      { code: "BAD_INPUT", where: "filter" },
    ]);
  });

  it("counts what its cache spared", async () => {
    const store = new FilterStore({ columns, index, cache: 1 });
    await store.evaluate(["lang:en", "lang:en", "lang:de", "lang:en"]);
    const [stats] = await store.stats();
    const { counters } = stats!;
    expect(Object.fromEntries(counters)).toEqual({ "filter.asked": 4, "filter.cache_hits": 1 });
  });

  it("keeps nothing unless told to", async () => {
    const store = new FilterStore({ columns, index, cache: 0 });
    await store.evaluate(["lang:en", "lang:en"]);
    expect((await store.stats())[0]!.counters.get("filter.cache_hits")).toBe(0);
  });
});
