import { describe, expect, test } from "vitest";
import type { CategoricalColumn, Catalogue, NumericColumn } from "../retrieval/catalogue.ts";
import type { SyntheticSpec } from "../scenario/schema.ts";
import type { DatasetParts } from "./dataset.ts";
import { generateSynthetic } from "./synthetic.ts";
import { COUNTRIES, TOPICS } from "./synthetic-vocabulary.ts";

const spec: SyntheticSpec = {
  kind: "synthetic",
  items: 20_000,
  dim: 16,
  users: 200,
  noise: 0.6,
  zipf: 0.8,
};

const generate = (changes: Partial<SyntheticSpec> = {}, seed = 1): Promise<DatasetParts> =>
  generateSynthetic({ ...spec, ...changes }, seed, {
    onProgress: () => {},
    signal: new AbortController().signal,
  });

const whole = await generate();

const numbers = (name: string, { catalogue } = whole): Float32Array =>
  (catalogue.columns.find((column) => column.name === name) as NumericColumn).values;

const values = (name: string, { catalogue } = whole): CategoricalColumn =>
  catalogue.columns.find((column) => column.name === name) as CategoricalColumn;

const item = ({ embeddings, dim }: Catalogue, row: number): Float32Array =>
  embeddings.subarray(row * dim, (row + 1) * dim);

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, at) => sum + value * b[at]!, 0);

/** How far a count lies from what its share would give, in standard errors of a binomial. */
const deviation = (hits: number, of: number, share: number): number =>
  Math.abs(hits - of * share) / Math.sqrt(of * share * (1 - share));

describe("generateSynthetic", () => {
  test("the same seed gives the same data; another seed, all other data", async () => {
    expect(await generate({ items: 500 })).toEqual(await generate({ items: 500 }));
    const [one, two] = [await generate({ items: 500 }, 1), await generate({ items: 500 }, 2)];
    expect(two.catalogue.embeddings).not.toEqual(one.catalogue.embeddings);
    expect(two.catalogue.ids).not.toEqual(one.catalogue.ids);
    expect(two.users.features).not.toEqual(one.users.features);
    expect(numbers("u", two)).not.toEqual(numbers("u", one));
  });

  test("items and users have length 1", () => {
    let worst = 0;
    for (const vectors of [whole.catalogue.embeddings, whole.users.features]) {
      for (let start = 0; start < vectors.length; start += 16) {
        const vector = vectors.subarray(start, start + 16);
        worst = Math.max(worst, Math.abs(dot(vector, vector) - 1));
      }
    }
    expect(worst).toBeLessThan(1e-5);
  });

  test("without noise every item is the centre of one of the clusters", async () => {
    const { catalogue } = await generate({ items: 2000, clusters: 7, noise: 0 });
    const distinct = new Set(Array.from({ length: 2000 }, (_, row) => item(catalogue, row).join()));
    expect(distinct.size).toBe(7);
  });

  test("two items of a cluster have a cosine of about 1 / (1 + noise^2)", async () => {
    // In many dimensions the noise is nearly orthogonal to the centre, as the formula assumes.
    for (const noise of [0.3, 0.6, 1]) {
      const { catalogue } = await generate({ items: 400, dim: 256, clusters: 1, noise });
      let sum = 0;
      for (let row = 0; row < 400; row += 2)
        sum += dot(item(catalogue, row), item(catalogue, row + 1));
      expect(Math.abs(sum / 200 - 1 / (1 + noise ** 2))).toBeLessThan(0.02);
    }
  });

  test("has about 25 items a cluster unless told otherwise", async () => {
    expect(whole.provenance["clusters"]).toBe(800);
    const { provenance } = await generate({ items: 500, clusters: 3 });
    expect(provenance["clusters"]).toBe(3);
  });

  test("an item's first neighbour is mostly of its topic", async () => {
    const { catalogue } = await generate({ items: 3000, dim: 32 });
    const topic = values("topic", { ...whole, catalogue });
    const topicsOf = (row: number): Uint32Array =>
      topic.values.subarray(topic.offsets[row], topic.offsets[row + 1]);
    let same = 0;
    for (let row = 0; row < 100; row++) {
      let best = -1;
      let nearest = -Infinity;
      for (let other = 0; other < 3000; other++) {
        const cosine =
          other === row ? -Infinity : dot(item(catalogue, row), item(catalogue, other));
        if (cosine > nearest) [best, nearest] = [other, cosine];
      }
      if (topicsOf(best).some((code) => topicsOf(row).includes(code))) same++;
    }
    expect(same).toBeGreaterThan(60);
  });

  test("users lie near items", () => {
    const { catalogue, users } = whole;
    let near = 0;
    for (let row = 0; row < 50; row++) {
      const user = users.features.subarray(row * 16, (row + 1) * 16);
      let best = 0;
      for (let at = 0; at < catalogue.count; at++)
        best = Math.max(best, dot(item(catalogue, at), user));
      near += best / 50;
    }
    expect(near).toBeGreaterThan(0.8);
  });

  test("users may have other dimensions than items", async () => {
    const { users } = await generate({ items: 500, userDim: 5 });
    expect(users.dim).toBe(5);
    expect(users.features.length).toBe(200 * 5);
    const first = users.features.subarray(0, 5);
    expect(dot(first, first)).toBeCloseTo(1, 5);
  });

  test("ids are unique, are not rows and need more than 32 bits", () => {
    for (const ids of [whole.catalogue.ids, whole.users.ids]) {
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.every((id) => id > 2 ** 32)).toBe(true);
      expect(ids).not.toEqual(ids.toSorted());
    }
  });

  test("stops when it is told to, between two steps", async () => {
    const stop = new AbortController();
    const phases: string[] = [];
    const generating = generateSynthetic(spec, 1, {
      onProgress: (phase) => {
        phases.push(phase);
        setImmediate(() => stop.abort(new Error("enough")));
      },
      signal: stop.signal,
    });
    await expect(generating).rejects.toThrow("enough");
    expect(phases).toEqual(["generating items"]);
  });
});

describe("the attributes of a synthetic item", () => {
  const { count } = whole.catalogue;

  test("u is uniform: `u < x` passes x percent, whatever the item", () => {
    const u = numbers("u");
    for (const percent of [1, 10, 50])
      expect(
        deviation(u.filter((value) => value < percent).length, count, percent / 100),
      ).toBeLessThan(5);
    expect(u.every((value) => value >= 0 && value < 100)).toBe(true);
  });

  test("u does not depend on language, topic or popularity", () => {
    const u = numbers("u");
    const lang = values("lang");
    const english = u.filter((_, row) => lang.values[lang.offsets[row]!] === 0);
    expect(
      deviation(english.filter((value) => value < 10).length, english.length, 0.1),
    ).toBeLessThan(5);
    const popular = u.filter((_, row) => numbers("popularity")[row]! > 0.01);
    expect(
      deviation(popular.filter((value) => value < 10).length, popular.length, 0.1),
    ).toBeLessThan(5);
  });

  test("age_days is exponential with mean 90", () => {
    const age = numbers("age_days");
    for (const days of [7, 30, 90]) {
      expect(
        deviation(age.filter((value) => value <= days).length, count, 1 - Math.exp(-days / 90)),
      ).toBeLessThan(5);
    }
  });

  test("a tenth have no price; the others have whole cents above zero", () => {
    const price = numbers("price");
    expect(deviation(price.filter((value) => Number.isNaN(value)).length, count, 0.1)).toBeLessThan(
      5,
    );
    const given = price.filter((value) => !Number.isNaN(value));
    expect(given.every((value) => value >= 0)).toBe(true);
    expect(given).toEqual(given.map((value) => Math.round(value * 100) / 100));
  });

  test("popularity is a Zipf law over a random ranking", () => {
    const popularity = numbers("popularity").toSorted().toReversed();
    for (const rank of [1, 10, 1000]) {
      expect(popularity[rank - 1]).toBe(Math.fround(rank ** -0.8));
    }
    expect(numbers("popularity")).not.toEqual(popularity);
  });

  test("every item has one language and creator, one to three topics, one to five countries", () => {
    const bounds = { lang: [1, 1], creator: [1, 1], topic: [1, 3], country: [1, 5] } as const;
    for (const [name, [least, most]] of Object.entries(bounds)) {
      const { offsets } = values(name);
      const sizes = Array.from({ length: count }, (_, row) => offsets[row + 1]! - offsets[row]!);
      expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([least, most]);
    }
  });

  test("the words of the shipped scenarios are in the vocabularies", () => {
    expect(values("lang").vocabulary).toContain("en");
    expect(values("topic").vocabulary).toEqual(expect.arrayContaining(["music", "pop"]));
    expect(values("country").vocabulary).toEqual(expect.arrayContaining(["us", "gb"]));
    expect(values("creator").vocabulary).toContain("42");
    expect(values("creator").vocabulary.length).toBe(400);
    for (const words of [TOPICS, COUNTRIES]) expect(new Set(words).size).toBe(words.length);
    expect(TOPICS.length).toBe(100);
  });

  test("language hangs together with the topic's clusters more than chance would have it", async () => {
    // Within one cluster, 80% speak one language; over the catalogue, the top one has a third.
    const one = await generate({ items: 5000, clusters: 1 });
    const lang = values("lang", one);
    const counts = new Uint32Array(lang.vocabulary.length);
    for (const code of lang.values) counts[code]!++;
    expect(Math.max(...counts) / 5000).toBeGreaterThan(0.78);
  });
});
