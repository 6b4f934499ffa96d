import { describe, expect, test } from "vitest";
import { bindFilter } from "../retrieval/filter/bind.ts";
import { matches } from "../retrieval/filter/evaluate.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import type { RequestsSpec } from "../scenario/schema.ts";
import type { Dataset } from "./dataset.ts";
import { NearItems } from "./near-items.ts";
import { generateRequests } from "./requests.ts";
import { Random } from "../math/random.ts";
import { generateSynthetic } from "./synthetic.ts";

const parts = await generateSynthetic(
  { kind: "synthetic", items: 4000, dim: 16, users: 50, noise: 0.6, zipf: 0.8 },
  1,
  { onProgress: () => {}, signal: new AbortController().signal },
);
const dataset: Dataset = { ...parts, hash: "", folder: "" };

const spec = (changes: Partial<RequestsSpec> = {}): RequestsSpec => ({
  distinct: 200,
  reuse: "none",
  k: 10,
  filters: [{ weight: 1, template: "" }],
  exclude: 0,
  ...changes,
});

const withFilter = (template: string): RequestsSpec => spec({ filters: [{ weight: 1, template }] });

const generate = (changes: Partial<RequestsSpec> = {}, seed = 2) =>
  generateRequests(spec(changes), seed, dataset);

const userIds = (set: ReturnType<typeof generate>): number[] =>
  set.requests.map(({ user }) => (user.kind === "id" ? user.id : Number.NaN));

describe("generateRequests", () => {
  test("{topic near} takes the value of an item near the user, {topic} of any", () => {
    const near = new NearItems(dataset.catalogue, new Random(9));
    const shareOf = (template: string): number => {
      const { requests } = generateRequests(withFilter(template), 2, dataset);
      const shares = requests.map(({ user, filter }) => {
        const row = user.kind === "id" ? dataset.users.ids.indexOf(user.id) : -1;
        const features = dataset.users.features.subarray(row * 16, row * 16 + 16);
        const bound = bindFilter(parseFilter(filter), dataset.catalogue.columns);
        const rows = [...near.near(features, 20)];
        return rows.filter((each) => matches(bound, dataset.catalogue, each)).length / 20;
      });
      return shares.reduce((sum, share) => sum + share, 0) / shares.length;
    };
    expect(shareOf("topic:{topic near}")).toBeGreaterThan(3 * shareOf("topic:{topic}"));
    const wider = { ...dataset, users: { ...dataset.users, dim: 8 } };
    expect(() => generateRequests(withFilter("topic:{topic near}"), 2, wider)).toThrow(
      "needs users of the items' 16 dimensions",
    );
  });

  test("the same seed asks the same, another seed something else", () => {
    const filters = [{ weight: 1, template: "lang:{lang} AND u <= {u}" }];
    expect(generate({ filters, exclude: 5 })).toEqual(generate({ filters, exclude: 5 }));
    expect(generate({ filters }, 3).hash).not.toBe(generate({ filters }, 2).hash);
  });

  test("the hash tells apart every field", () => {
    const hashes = [
      {},
      { k: 11 },
      { exclude: 1 },
      { filters: [{ weight: 1, template: "u < 1" }] },
    ].map((changes) => generate(changes).hash);
    expect(new Set(hashes).size).toBe(4);
  });

  test("no user comes again before all have come", () => {
    const ids = userIds(generate());
    for (let pass = 0; pass < 4; pass++) {
      expect(new Set(ids.slice(pass * 50, (pass + 1) * 50)).size).toBe(50);
    }
    expect(ids.slice(0, 50)).not.toEqual([...dataset.users.ids]);
  });

  test("with reuse, few users ask most of the requests", () => {
    const counts = new Map<number, number>();
    for (const id of userIds(generate({ reuse: "zipf", distinct: 5000 }))) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    // 1 / (1 + 2^-0.99 + ... + 50^-0.99) = 0.22
    expect(most / 5000).toBeGreaterThan(0.19);
    expect(most / 5000).toBeLessThan(0.25);
  });

  test("templates come in proportion to their weights", () => {
    const filters = [
      { weight: 3, template: "" },
      { weight: 1, template: "u < 1" },
    ];
    const { templateOf, requests } = generate({ distinct: 4000, filters });
    const second = templateOf.filter((at) => at === 1).length;
    expect(Math.abs(second - 1000)).toBeLessThan(5 * Math.sqrt(4000 * 0.25 * 0.75));
    for (const [at, { filter }] of requests.entries())
      expect(filter).toBe(filters[templateOf[at]!]!.template);
  });

  test("every filled filter passes at least the item its value came from", () => {
    const templates = [
      "lang:{lang}",
      "creator:{creator}",
      "price <= {price}",
      "country IN ({country}, {country})",
    ];
    for (const template of templates) {
      const { requests } = generateRequests(withFilter(template), 2, dataset);
      for (const { filter } of requests.slice(0, 20)) {
        const bound = bindFilter(parseFilter(filter), dataset.catalogue.columns);
        const rows = Array.from({ length: 4000 }, (_, row) => row);
        expect(rows.some((row) => matches(bound, dataset.catalogue, row))).toBe(true);
      }
    }
  });

  test("two gaps of one column get two values", () => {
    const { requests } = generateRequests(withFilter("topic:{topic} OR topic:{topic}"), 2, dataset);
    for (const { filter } of requests) {
      const [first, second] = filter.split(" OR ");
      expect(first).not.toBe(second);
    }
  });

  test("popular items lend their values more often", () => {
    const { requests } = generateRequests(
      { ...withFilter("popularity >= {popularity}"), distinct: 2000 },
      2,
      dataset,
    );
    const top = requests.filter(({ filter }) => filter === "popularity >= 1").length;
    const weights = Array.from({ length: 4000 }, (_, rank) => (rank + 1) ** -0.8);
    const share = 1 / weights.reduce((sum, weight) => sum + weight, 0);
    expect(Math.abs(top - 2000 * share)).toBeLessThan(5 * Math.sqrt(2000 * share * (1 - share)));
  });

  test("values that need quotes get them", () => {
    const quoted: Dataset = {
      ...dataset,
      catalogue: {
        ...dataset.catalogue,
        columns: [
          {
            kind: "categorical",
            name: "title",
            vocabulary: ['say "AND", (please)'],
            offsets: Uint32Array.from({ length: 4001 }, (_, row) => row),
            values: new Uint32Array(4000),
          },
        ],
      },
    };
    const { requests } = generateRequests(withFilter("title:{title}"), 2, quoted);
    expect(requests[0]!.filter).toBe(String.raw`title:"say \"AND\", (please)"`);
  });

  test("excluded ids are items, each once, as many as wanted, half of them near the user", () => {
    const { requests } = generate({ exclude: 20 });
    const rowOf = new Map(Array.from(dataset.catalogue.ids, (id, row) => [id, row]));
    const { embeddings, dim } = dataset.catalogue;
    let near = 0;
    for (const { exclude, user } of requests) {
      expect(new Set(exclude).size).toBe(20);
      expect(exclude.every((id) => rowOf.has(id))).toBe(true);
      const userRow = user.kind === "id" ? dataset.users.ids.indexOf(user.id) : -1;
      const values = Float64Array.from({ length: 4000 }, (_, row) => {
        let sum = 0;
        for (let at = 0; at < dim; at++) {
          sum += embeddings[row * dim + at]! * dataset.users.features[userRow * dim + at]!;
        }
        return sum;
      });
      const hundredth = values.toSorted()[4000 - 100]!;
      near += exclude.filter((id) => values[rowOf.get(id)!]! >= hundredth).length;
    }
    // By chance a fortieth of 20 would be among the best 100.
    expect(near / requests.length).toBeGreaterThan(8);
  });

  test("all but k items can be excluded, no more", () => {
    const [request] = generate({ exclude: 3990, distinct: 1 }).requests;
    expect(new Set(request!.exclude).size).toBe(3990);
    expect(() => generate({ exclude: 3991 })).toThrow("expected k + exclude of at most 4000");
  });

  test("users of other dimensions than items get popular exclusions", () => {
    const users = { ...dataset.users, dim: 8, count: 100 };
    const { requests } = generateRequests(spec({ exclude: 7, distinct: 5 }), 2, {
      ...dataset,
      users: { ...users, ids: Float64Array.from({ length: 100 }, (_, row) => row) },
    });
    for (const { exclude } of requests) expect(new Set(exclude).size).toBe(7);
  });
});

describe("a scenario that does not fit the dataset is refused, naming the field", () => {
  const refusals: readonly [string, string, RegExp][] = [
    [
      "an unknown column in a gap",
      "lang:{langauge}",
      /no column "langauge"; there are lang, topic/,
    ],
    ["an unknown column in the filter", "genre:pop", /there is no column "genre"/],
    ["text that is no filter", "lang:en AND", /expected a condition/],
    ["a stray brace", "lang:{lang", /stray \{/],
    ["an empty gap", "lang:{}", /no column ""/],
    ["a comparison on values", "lang <= {age_days}", /lang has values, not numbers/],
  ];

  test.each(refusals)("%s", (_, template, message) => {
    const filters = [
      { weight: 1e9, template: "" },
      { weight: 1e-9, template },
    ];
    let thrown: unknown;
    try {
      generate({ filters });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: "BAD_INPUT",
      where: "requests.filters[1].template",
      message: expect.stringMatching(message),
    });
    expect((thrown as Error).message).toContain(JSON.stringify(template));
  });

  test("a column without any value", () => {
    const empty: Dataset = {
      ...dataset,
      catalogue: {
        ...dataset.catalogue,
        columns: [
          { kind: "numeric", name: "none", values: new Float32Array(4000).fill(Number.NaN) },
        ],
      },
    };
    expect(() => generateRequests(withFilter("none < {none}"), 2, empty)).toThrow(
      'no item has a value in the column "none"',
    );
  });

  test("a dataset without users", () => {
    const users = { ...dataset.users, count: 0 };
    expect(() => generateRequests(spec(), 2, { ...dataset, users })).toThrow("has no users");
  });
});

describe("NearItems", () => {
  test("finds an item itself, and mostly items better than chance", () => {
    const near = new NearItems(dataset.catalogue, new Random(5));
    for (let row = 0; row < 100; row++) {
      const item = dataset.catalogue.embeddings.subarray(row * 16, (row + 1) * 16);
      expect(near.near(item, 5)[0]).toBe(row);
    }
  });

  test("gives as many as there are in a small catalogue", async () => {
    const { catalogue } = await generateSynthetic(
      { kind: "synthetic", items: 100, dim: 4, users: 1, noise: 0.6, zipf: 0 },
      1,
      { onProgress: () => {}, signal: new AbortController().signal },
    );
    const rows = new NearItems(catalogue, new Random(5)).near(Float32Array.of(1, 0, 0, 0), 100);
    expect(new Set(rows).size).toBe(100);
  });
});
