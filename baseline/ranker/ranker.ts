import { ownProcessStats } from "../../src/door/own-process.ts";
import type { CallContext } from "../../src/door/retriever.ts";
import { StageTimes } from "../../src/door/stage-times.ts";
import { concatenated } from "../../src/math/concatenated.ts";
import type {
  FeatureService,
  RankedRows,
  RankerService,
  Ranking,
  ServiceStats,
} from "../services.ts";
import { type Changes, type Follower, VersionGate } from "../live/changes.ts";
import type { ItemFormula } from "./item-formula.ts";
import { ItemRecords, type Placed } from "./item-records.ts";
import { likeSizes } from "./like-sizes.ts";
import type { OverArchEngine } from "./over-arch-engine.ts";
import { ValueModel } from "./value-model.ts";

export interface RankerOptions {
  readonly items: Pick<FeatureService, "items">;
  /** null: the formula speaks of the score and of columns only. It ends with the ranker. */
  readonly engine: OverArchEngine | null;
  readonly formula: ItemFormula;
  readonly tasks: number;
  /** Items whose records are kept; 0: each is fetched every time. */
  readonly itemCache: number;
}

/** The ranker service: OverArch and Value Model over candidates. */
export class Ranker implements RankerService, AsyncDisposable {
  readonly followers: readonly Follower[] = [
    { service: "ranker", apply: (changes) => Promise.resolve(this.#apply(changes)) },
  ];
  readonly #gate = new VersionGate();
  readonly #options: RankerOptions;
  readonly #records: ItemRecords;
  readonly #values: ValueModel;
  readonly #times = new StageTimes();
  #ranked = 0;

  constructor(options: RankerOptions) {
    const { items, engine, formula, itemCache } = options;
    this.#options = options;
    this.#values = new ValueModel(formula.formula);
    this.#records = new ItemRecords({
      fetch: (query, context) =>
        this.#times.time("ranker.features", () => items.items(query, context)),
      engine,
      quantities: formula.quantities,
      capacity: itemCache,
    });
  }

  async rank(rankings: readonly Ranking[], context: CallContext): Promise<readonly RankedRows[]> {
    const answers: RankedRows[] = rankings.map(() => NOTHING);
    for (const group of likeSizes(rankings.map(({ rows }) => rows.length))) {
      const ranked = await this.#rankAlike(
        group.map((at) => rankings[at]!),
        context,
      );
      for (const [n, at] of group.entries()) answers[at] = ranked[n]!;
    }
    return answers;
  }

  stats(): Promise<readonly ServiceStats[]> {
    const { hits, misses } = this.#records.cache;
    return Promise.resolve([
      {
        process: ownProcessStats("ranker"),
        stages: this.#times.encode(),
        counters: new Map([
          ["ranker.candidates", this.#ranked],
          ["ranker.cache_hits", hits],
          ["ranker.cache_misses", misses],
        ]),
      },
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.engine?.[Symbol.asyncDispose]();
  }

  /** What it keeps of the items is fetched again: the feature service has changed before. */
  #apply(changes: Changes): number {
    if (!this.#gate.admits(changes)) return this.#gate.version;
    this.#records.forget(changes.items.map(({ row }) => row));
    this.#gate.pass(changes);
    return this.#gate.version;
  }

  /** @param rankings The one with most candidates first. */
  async #rankAlike(rankings: readonly Ranking[], context: CallContext): Promise<RankedRows[]> {
    const { engine, tasks } = this.#options;
    const candidates = rankings[0]!.rows.length;
    const places = rankings.length * candidates;
    const parts = this.#records.widths.map((width) => new Float32Array(places * width));
    await this.#times.time("ranker.records", () =>
      this.#records.fill(
        placesOf(rankings, candidates),
        { parts, atLeast: Math.max(...rankings.map(({ version }) => version)) },
        context,
      ),
    );
    const sides = parts.splice(0, engine?.parts.length ?? 0);
    const logits =
      engine === null
        ? new Float32Array(0)
        : await this.#times.time("ranker.overarch", () =>
            engine.logits({
              users: rankings.length,
              candidates,
              features: concatenated(
                Float32Array,
                rankings.map(({ features }) => features),
              ),
              vectors: concatenated(
                Float32Array,
                engine.usesVectors ? rankings.map(({ vectors }) => vectors) : [],
              ),
              sides,
            }),
          );
    const startMs = performance.now();
    const facts = { logits, tasks, quantities: parts, places };
    const best = rankings.map((ranking, n) => this.#values.best(ranking, facts, n * candidates));
    this.#times.record("ranker.value", performance.now() - startMs);
    this.#ranked += rankings.reduce((sum, { rows }) => sum + rows.length, 0);
    return best;
  }
}

const NOTHING: RankedRows = { rows: new Uint32Array(0), values: new Float32Array(0) };

/** Every candidate, in rows of `candidates` places a ranking. */
function* placesOf(rankings: readonly Ranking[], candidates: number): Generator<Placed> {
  for (const [n, { rows }] of rankings.entries()) {
    for (let i = 0; i < rows.length; i++) yield { row: rows[i]!, at: n * candidates + i };
  }
}
