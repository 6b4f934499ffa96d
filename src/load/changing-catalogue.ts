import { foldedCatalogue } from "../dataset/folded-catalogue.ts";
import { Random } from "../math/random.ts";
import type { Catalogue, Column } from "../retrieval/catalogue.ts";
import type { LiveItem } from "../retrieval/live-item.ts";
import type { ItemKey } from "./item-key.ts";
import type { NewVersion } from "./item-values.ts";
import type { Sign } from "./update-look.ts";

/** What becomes of one item. */
export interface DrawnChange {
  readonly id: number;
  /** null: it is deleted. */
  readonly item: LiveItem | null;
}

/** Changes that are sent together, in their order. */
export interface DrawnBurst {
  readonly changes: readonly DrawnChange[];
  /** Where the one that is looked for is a new version of an item. */
  readonly version: NewVersion | null;
  /** What tells that one of them, each as likely as any, holds. */
  readonly sign: Sign;
}

/** Shares of the changes: new items, new versions of known ones; the rest are deletes. */
const FRESH_SHARE = 0.5;
const VERSION_SHARE = 0.4;

/** Rows that are drawn in search of one that will do. */
const MOST_TRIES = 100;

/**
 * A catalogue and what becomes of it: new items, new versions of those there were at the start, and
 * deletes, drawn from a seed. The same seed gives the same bursts, whenever they are sent.
 */
export class ChangingCatalogue {
  readonly #base: Catalogue;
  readonly #key: ItemKey;
  readonly #random: Random;
  readonly #newest = new Map<number, LiveItem>();
  readonly #deleted = new Set<number>();
  /** What was looked for stays as it is: a look must not miss what has changed again. */
  readonly #settled = new Set<number>();
  #nextId: number;

  constructor(base: Catalogue, key: ItemKey, seed: number) {
    this.#base = base;
    this.#key = key;
    this.#random = new Random(seed);
    this.#nextId = 1 + base.ids.reduce((most, id) => Math.max(most, id), 0);
  }

  /** As it is after all bursts that were drawn. */
  now(): Catalogue {
    return foldedCatalogue(this.#base, {
      items: [...this.#newest.values()],
      deleted: Float64Array.from(this.#deleted),
    });
  }

  /** @param size Changes, 1 or more. */
  burst(size: number): DrawnBurst {
    const looked = this.#random.int(size);
    const before = Array.from({ length: looked }, () => this.#change());
    const { change, ...look } = this.#lookedFor();
    this.#settled.add(change.id);
    const after = Array.from({ length: size - looked - 1 }, () => this.#change());
    return { changes: [...before, change, ...after], ...look };
  }

  #change(): DrawnChange {
    const kind = this.#random.float();
    const row = kind < FRESH_SHARE ? -1 : this.#rowWhere((id) => !this.#settled.has(id));
    const id = row < 0 ? this.#nextId++ : this.#base.ids[row]!;
    if (row >= 0 && kind >= FRESH_SHARE + VERSION_SHARE) return this.#delete(id);
    return { id, item: this.#upsert(id).item };
  }

  /** Versions and deletes that are looked for are of items that every service has from the start. */
  #lookedFor(): LookedFor {
    const kind = this.#random.float();
    if (kind < FRESH_SHARE) return this.#upsertToSee(-1);
    const isUntouched = (id: number): boolean =>
      !this.#settled.has(id) && !this.#newest.has(id) && !this.#deleted.has(id);
    if (kind < FRESH_SHARE + VERSION_SHARE) return this.#upsertToSee(this.#rowWhere(isUntouched));
    // And those that are deleted of items that a filter can tell from others.
    const row = this.#rowWhere((id, at) => isUntouched(id) && this.#key.ownOf(at) !== null);
    if (row < 0) return this.#upsertToSee(-1);
    const id = this.#base.ids[row]!;
    const filter = this.#key.filterFor(this.#key.ownOf(row)!);
    return { change: this.#delete(id), version: null, sign: { id, filter, isThere: false } };
  }

  /** @param row Of the item of which it is a new version; -1: a new item. */
  #upsertToSee(row: number): LookedFor {
    const id = row < 0 ? this.#nextId++ : this.#base.ids[row]!;
    const { item, like } = this.#upsert(id);
    const number = item.attributes.get(this.#key.name) as number;
    return {
      change: { id, item },
      version: row < 0 ? null : { row, item, like },
      sign: { id, filter: this.#key.filterFor(number), isThere: true },
    };
  }

  #upsert(id: number): Upsert {
    const { item, like } = this.#item(id);
    this.#newest.set(id, item);
    this.#deleted.delete(id);
    return { id, item, like };
  }

  #delete(id: number): DrawnChange {
    this.#newest.delete(id);
    this.#deleted.add(id);
    return { id, item: null };
  }

  /** A row of those there were at the start; -1: none was found. */
  #rowWhere(will: (id: number, row: number) => boolean): number {
    const { ids, count } = this.#base;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const row = this.#random.int(count);
      if (will(ids[row]!, row)) return row;
    }
    return -1;
  }

  /** Near one item, with the attributes of another. */
  #item(id: number): Pick<Upsert, "item" | "like"> {
    const { embeddings, dim, dense, denseDim, count, columns } = this.#base;
    const near = this.#random.int(count);
    const like = this.#random.int(count);
    const spread = 0.3 * rootMeanSquare(embeddings.subarray(near * dim, (near + 1) * dim));
    const attributes = new Map(columns.map((column) => [column.name, valueOf(column, like)]));
    const item: LiveItem = {
      id,
      // Longer than those around it, so that it gets into answers.
      embedding: embeddings
        .slice(near * dim, (near + 1) * dim)
        .map((x) => 1.5 * x + spread * this.#random.gaussian()),
      dense: dense.slice(like * denseDim, (like + 1) * denseDim),
      attributes: attributes.set(this.#key.name, this.#key.besideRow(like)),
    };
    return { item, like };
  }
}

type LookedFor = Omit<DrawnBurst, "changes"> & { readonly change: DrawnChange };

interface Upsert extends DrawnChange {
  readonly item: LiveItem;
  /** The row whose attributes it has, but for its number. */
  readonly like: number;
}

/** What a row has of a column, as an owner states it. */
function valueOf(column: Column, row: number): readonly string[] | number {
  if (column.kind === "numeric") return column.values[row]!;
  const codes = column.values.subarray(column.offsets[row], column.offsets[row + 1]);
  return Array.from(codes, (code) => column.vocabulary[code]!);
}

function rootMeanSquare(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0) / vector.length);
}
