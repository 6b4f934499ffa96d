import { Zipf, type Random } from "../math/random.ts";
import type { Column, NumericColumn } from "../retrieval/catalogue.ts";
import { ColumnBuilder } from "./column-builder.ts";
import { forEachRow, type Watch } from "./row-steps.ts";
import type { ClusterTree } from "./synthetic-clusters.ts";
import { COUNTRIES, LANGUAGES, TOPICS } from "./synthetic-vocabulary.ts";

export interface ColumnSources {
  /** [items] */
  readonly clusterOf: Uint32Array;
  readonly tree: ClusterTree;
  /** [items] */
  readonly popularity: Float32Array;
  readonly watch: Watch;
}

/** Share of items whose language is that of their cluster. */
const HOME_LANGUAGE = 0.8;
/** Share of items made by someone who works on their topic. */
const HOME_CREATOR = 0.9;
const MEAN_AGE_DAYS = 90;
const WITHOUT_PRICE = 0.1;

/**
 * The attributes of a synthetic item:
 *
 * - `lang`: one of 24, by Zipf; 80% have their cluster's language
 * - `topic`: one to three of 100; the first is the cluster's
 * - `country`: one to five; mostly where the language is at home
 * - `creator`: about items / 50 numbers, mostly of one topic each
 * - `age_days`: exponential with mean 90
 * - `price`: log-normal around 10, whole cents; a tenth have none
 * - `u`: uniform in [0, 100), independent of all else, so `u < 1` passes 1%
 * - `popularity`: the item's weight, 1 for the most popular
 */
export async function syntheticColumns(
  sources: ColumnSources,
  random: Random,
): Promise<readonly Column[]> {
  const { clusterOf, tree, popularity } = sources;
  const items = clusterOf.length;
  const categorical = new CategoricalDraw(tree, items, random.fork("categorical"));
  const lang = new ColumnBuilder("lang", items);
  const topic = new ColumnBuilder("topic", items);
  const country = new ColumnBuilder("country", items);
  const creator = new ColumnBuilder("creator", items);
  await forEachRow(items, "generating attributes", sources.watch, (row) => {
    const cluster = clusterOf[row]!;
    const language = categorical.language(cluster);
    lang.add(language);
    topic.add(...categorical.topics(cluster));
    country.add(...categorical.countries(language));
    creator.add(categorical.creator(cluster));
  });
  return [
    lang.finish(LANGUAGES.map(([language]) => language)),
    topic.finish(TOPICS),
    country.finish(COUNTRIES),
    creator.finish(Array.from({ length: categorical.creators }, (_, code) => String(code + 1))),
    numeric("age_days", items, ages(random.fork("age"))),
    numeric("price", items, prices(random.fork("price"))),
    numeric("u", items, percents(random.fork("u"))),
    { kind: "numeric", name: "popularity", values: popularity },
  ];
}

const numeric = (name: string, items: number, draw: () => number): NumericColumn => ({
  kind: "numeric",
  name,
  values: Float32Array.from({ length: items }, draw),
});

const ages = (random: Random) => () => -MEAN_AGE_DAYS * Math.log(1 - random.float());

const prices = (random: Random) => () =>
  random.float() < WITHOUT_PRICE
    ? Number.NaN
    : Math.round(100 * Math.exp(Math.log(10) + random.gaussian())) / 100;

/** 24 bits keep the largest, rounded to float32, below 100. */
const percents = (random: Random) => () => ((random.bits() >>> 8) / 16_777_216) * 100;

/** Draws categorical values that hang together with an item's cluster. */
class CategoricalDraw {
  readonly creators: number;
  readonly #tree: ClusterTree;
  readonly #random: Random;
  readonly #languages = new Zipf(LANGUAGES.length, 1.1);
  readonly #topics = new Zipf(TOPICS.length, 0.8);
  readonly #countries = new Zipf(COUNTRIES.length, 0.9);
  readonly #creatorRanks: Zipf;
  /** [clusters] position in `LANGUAGES`. */
  readonly #homeLanguage: Uint32Array;
  /** Codes of `COUNTRIES` for each language. */
  readonly #homeCountries: readonly (readonly number[])[];

  constructor(tree: ClusterTree, items: number, random: Random) {
    this.#tree = tree;
    this.#random = random;
    this.creators = Math.max(TOPICS.length, Math.ceil(items / 50));
    // Creator c works on topic c mod 100: each topic's creators are a Zipf of their own.
    this.#creatorRanks = new Zipf(Math.ceil(this.creators / TOPICS.length), 0.8);
    const home = random.fork("home languages");
    this.#homeLanguage = Uint32Array.from({ length: tree.clusters }, () =>
      this.#languages.sample(home),
    );
    this.#homeCountries = LANGUAGES.map(([, ...countries]) =>
      countries.map((c) => COUNTRIES.indexOf(c)),
    );
  }

  language(cluster: number): number {
    return this.#random.float() < HOME_LANGUAGE
      ? this.#homeLanguage[cluster]!
      : this.#languages.sample(this.#random);
  }

  topics(cluster: number): readonly number[] {
    const topics = [this.#tree.topicOf[cluster]!];
    const more = this.#random.float();
    if (more < 0.35) topics.push(this.#topics.sample(this.#random));
    if (more < 0.1) topics.push(this.#topics.sample(this.#random));
    return topics;
  }

  countries(language: number): readonly number[] {
    const home = this.#homeCountries[language]!;
    const countries = [home[this.#random.int(home.length)]!];
    while (countries.length < 5 && this.#random.float() < 0.4) {
      countries.push(this.#countries.sample(this.#random));
    }
    return countries;
  }

  creator(cluster: number): number {
    const topic =
      this.#random.float() < HOME_CREATOR
        ? this.#tree.topicOf[cluster]!
        : this.#random.int(TOPICS.length);
    const creator = this.#creatorRanks.sample(this.#random) * TOPICS.length + topic;
    return creator < this.creators ? creator : topic;
  }
}
