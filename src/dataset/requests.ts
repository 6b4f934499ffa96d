import { createHash } from "node:crypto";
import { HarnessError } from "../errors.ts";
import { Random, shuffle, Zipf } from "../math/random.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { RequestsSpec } from "../scenario/schema.ts";
import type { Dataset } from "./dataset.ts";
import { FilterTemplate } from "./filter-template.ts";
import { NearItems } from "./near-items.ts";
import { PopularRows } from "./popular-rows.ts";

export interface RequestSet {
  readonly requests: readonly RetrievalRequest[];
  /** [requests] which of the scenario's filter templates each was made from. */
  readonly templateOf: Uint16Array;
  /** SHA-256 over everything that the requests ask. */
  readonly hash: string;
}

/** With `reuse: zipf` the user of rank r comes back in proportion to (r + 1)^-0.99, as in YCSB. */
const REUSE_EXPONENT = 0.99;

/**
 * The requests of a scenario, each by a user of the dataset, from a seed.
 *
 * - users: in random order, each once before any comes again; or, with `reuse: zipf`, few often
 * - filter: a template drawn by weight, its gaps filled with values of random items, or of items
 *   near the user where they say so
 * - exclude: half of them items near the user, so that leaving them out changes the answer, the
 *   rest random popular items. Where users and items differ in dimension, or items are generated,
 *   nearness is unknown and all are popular ones.
 *
 * @throws HarnessError BAD_INPUT naming the field of the scenario that does not fit the dataset.
 */
export function generateRequests(spec: RequestsSpec, seed: number, dataset: Dataset): RequestSet {
  checkFit(spec, dataset);
  const random = new Random(seed);
  const { users, catalogue } = dataset;
  const rows = new PopularRows(catalogue);
  const templates = spec.filters.map(
    ({ template }, at) =>
      new FilterTemplate(template, { where: `requests.filters[${at}].template`, catalogue, rows }),
  );
  // Once each before any other, so that a rare template's fault is found whatever is drawn.
  for (const template of templates) template.draw(random.fork("check"));

  const templateOf = drawTemplates(spec, random.fork("templates"));
  const userOf = drawUsers(spec, users.count, random.fork("users"));
  const filters = random.fork("filters");
  const nearby = new Nearby(dataset, templates, random.fork("filters near"));
  const exclusions = new Exclusions(spec.exclude, { dataset, rows }, random.fork("exclude"));
  const requests = Array.from(userOf, (user, at): RetrievalRequest => ({
    user: { kind: "id", id: users.ids[user]! },
    k: spec.k,
    filter: templates[templateOf[at]!]!.draw(filters, nearby.of(user, templateOf[at]!)),
    exclude: exclusions.of(user),
  }));
  return { requests, templateOf, hash: hashOf(requests) };
}

function checkFit({ k, exclude }: RequestsSpec, { catalogue, users, name }: Dataset): void {
  if (users.count === 0) {
    throw new HarnessError("BAD_INPUT", `the dataset ${name} has no users to make requests of`, {
      where: "dataset",
    });
  }
  if (k + exclude <= catalogue.count) return;
  throw new HarnessError(
    "BAD_INPUT",
    `expected k + exclude of at most ${catalogue.count}, the items of ${name}, got ${k} + ${exclude}`,
    { where: "requests.exclude" },
  );
}

/** [distinct] a position in `spec.filters`, in proportion to the weights. */
function drawTemplates({ filters, distinct }: RequestsSpec, random: Random): Uint16Array {
  const total = filters.reduce((sum, { weight }) => sum + weight, 0);
  return Uint16Array.from({ length: distinct }, () => {
    let left = random.float() * total;
    const at = filters.findIndex(({ weight }) => (left -= weight) < 0);
    return at === -1 ? filters.length - 1 : at;
  });
}

/** [distinct] user rows. */
function drawUsers({ reuse, distinct }: RequestsSpec, users: number, random: Random): Uint32Array {
  const order = shuffle(
    Uint32Array.from({ length: users }, (_, row) => row),
    random,
  );
  if (reuse === "none")
    return Uint32Array.from({ length: distinct }, (_, at) => order[at % users]!);
  const ranks = new Zipf(users, REUSE_EXPONENT);
  return Uint32Array.from({ length: distinct }, () => order[ranks.sample(random)]!);
}

/** Items near a user that a filter's value may be taken of. */
const NEAR_ITEMS = 20;

/** Finds the items near a user for the templates that ask for them. */
class Nearby {
  readonly #dataset: Dataset;
  /** [templates] */
  readonly #asked: readonly boolean[];
  readonly #near: NearItems | null;

  /** @throws HarnessError BAD_INPUT if nearness is asked for and unknown. */
  constructor(dataset: Dataset, templates: readonly FilterTemplate[], random: Random) {
    this.#dataset = dataset;
    this.#asked = templates.map(({ asksNear }) => asksNear);
    const first = this.#asked.indexOf(true);
    const { users, catalogue } = dataset;
    if (first !== -1 && catalogue.generated !== undefined) {
      throw new HarnessError(
        "BAD_INPUT",
        `{.. near} looks for items near a user, which takes stored vectors; those of ${dataset.name} are generated`,
        { where: `requests.filters[${first}].template` },
      );
    }
    if (first !== -1 && users.dim !== catalogue.dim) {
      throw new HarnessError(
        "BAD_INPUT",
        `{.. near} needs users of the items' ${catalogue.dim} dimensions, those of ${dataset.name} have ${users.dim}`,
        { where: `requests.filters[${first}].template` },
      );
    }
    this.#near = first === -1 ? null : new NearItems(catalogue, random);
  }

  of(user: number, template: number): Uint32Array {
    if (this.#near === null || !this.#asked[template]!) return new Uint32Array();
    const { features, dim } = this.#dataset.users;
    return this.#near.near(features.subarray(user * dim, (user + 1) * dim), NEAR_ITEMS);
  }
}

/** Draws what a user has "already seen". */
class Exclusions {
  readonly #count: number;
  readonly #dataset: Dataset;
  readonly #rows: PopularRows;
  readonly #random: Random;
  readonly #near: NearItems | null;

  constructor(
    count: number,
    { dataset, rows }: { readonly dataset: Dataset; readonly rows: PopularRows },
    random: Random,
  ) {
    this.#count = count;
    this.#dataset = dataset;
    this.#rows = rows;
    this.#random = random;
    const { users, catalogue } = dataset;
    const isComparable = users.dim === catalogue.dim && catalogue.generated === undefined;
    this.#near =
      count > 0 && isComparable ? new NearItems(dataset.catalogue, random.fork("near")) : null;
  }

  /** Ids, each once, of exactly as many items as the scenario wants. */
  of(user: number): Float64Array {
    const { catalogue, users } = this.#dataset;
    const features = users.features.subarray(user * users.dim, (user + 1) * users.dim);
    const rows = new Set(this.#near?.near(features, Math.ceil(this.#count / 2)));
    // Popular items come up again and again; past a number of tries any item will do.
    for (let tries = 0; rows.size < this.#count; tries++) {
      const isStuck = tries > 4 * this.#count;
      rows.add(isStuck ? this.#random.int(catalogue.count) : this.#rows.sample(this.#random));
    }
    return Float64Array.from(rows, (row) => catalogue.ids[row]!);
  }
}

function hashOf(requests: readonly RetrievalRequest[]): string {
  const hash = createHash("sha256");
  for (const { user, k, filter, exclude } of requests) {
    hash.update(JSON.stringify([user, k, filter]));
    hash.update(new Uint8Array(exclude.buffer, exclude.byteOffset, exclude.byteLength));
  }
  return hash.digest("hex");
}
