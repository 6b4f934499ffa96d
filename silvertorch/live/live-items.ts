import { clearBit, setBit, wordsFor } from "../../src/math/bit-words.ts";
import type { CatalogueChanges } from "../../src/dataset/folded-catalogue.ts";
import type { HostTensor } from "../../src/onnx/element-type.ts";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import { embeddingTable } from "../engine/fresh-items.ts";
import { GrowingTable } from "./growing-table.ts";
import type { ItemChange } from "./owner-changes.ts";

/** What happened to a catalogue since it was compiled. */
export interface Changes extends CatalogueChanges {
  /** Of the last change. */
  readonly version: number;
}

interface Slot {
  readonly version: number;
  /** null: replaced or deleted since. */
  item: LiveItem | null;
}

/**
 * The changes to a compiled catalogue: fresh items in slots that are only ever appended to, so
 * that a batch of scores stays right while more arrive, and the compiled items they hide.
 */
export class LiveItems {
  readonly dim: number;
  readonly #isCompiled: (id: number) => boolean;
  readonly #slots: Slot[] = [];
  readonly #slotOf = new Map<number, number>();
  /** Every id that changed -> the version of its last change. */
  readonly #changed = new Map<number, number>();
  readonly #embeddings: GrowingTable;
  /** Of each slot, on memory of their own: they are looked up for each answer. */
  #ids = new Float64Array(256);
  /** A bit a slot: whether its item is still there; some words are not in use. */
  #alive = new Uint32Array(8);
  /** Ids of compiled items that changed, in the order in which they first did. */
  readonly #hidden: number[] = [];
  #version: number;

  /** @param isCompiled whether the artifact holds an id. */
  constructor(dim: number, isCompiled: (id: number) => boolean, version = 0) {
    this.dim = dim;
    this.#embeddings = new GrowingTable(embeddingTable(dim));
    this.#isCompiled = isCompiled;
    this.#version = version;
  }

  /** Of the last change. */
  get version(): number {
    return this.#version;
  }

  /** Slots in use, of items that are gone too. */
  get count(): number {
    return this.#slots.length;
  }

  /** Compiled items that must not be returned any more. */
  get hidden(): number {
    return this.#hidden.length;
  }

  /** float32 [count, dim], of items that are gone too. */
  embeddings(count = this.count): HostTensor {
    return this.#embeddings.first(count);
  }

  /** A bit a slot, 32 a word: whether its item was neither replaced nor deleted; a copy. */
  alive(): Uint32Array<ArrayBuffer> {
    return this.#alive.slice(0, wordsFor(this.count));
  }

  /** The item of a slot; null: it was replaced or deleted. */
  at(slot: number): LiveItem | null {
    return this.#slots[slot]!.item;
  }

  /** The id of the item that a slot holds, or held. */
  idAt(slot: number): number {
    return this.#ids[slot]!;
  }

  /** The slot of a fresh item; -1: there is none. */
  slotOf(id: number): number {
    return this.#slotOf.get(id) ?? -1;
  }

  /** @param item checked; it takes the place of any other with its id. */
  upsert(item: LiveItem): void {
    this.delete(item.id);
    this.#append(item, this.#version);
  }

  delete(id: number): void {
    this.#change(id, ++this.#version);
  }

  apply(changes: readonly ItemChange[]): void {
    for (const { id, item } of changes) {
      if (item === null) this.delete(id);
      else this.upsert(item);
    }
  }

  /** In the order in which they were hidden. @param from those after so many. */
  hiddenIds(from = 0): Float64Array {
    return Float64Array.from(this.#hidden.slice(from));
  }

  /** All of it, for a compiler. */
  changes(): Changes {
    const items = this.#slots.flatMap(({ item }) => (item === null ? [] : [item]));
    const deleted = Float64Array.from(
      [...this.#changed.keys()].filter((id) => !this.#slotOf.has(id)),
    );
    return { items, deleted, version: this.#version };
  }

  /** What came after a version: what is left to an artifact that holds the rest. */
  since(version: number, dim: number, isCompiled: (id: number) => boolean): LiveItems {
    const rest = new LiveItems(dim, isCompiled, this.#version);
    for (const [id, changedAt] of this.#changed) {
      if (changedAt > version) rest.#change(id, changedAt);
    }
    for (const { item, version: changedAt } of this.#slots) {
      if (item !== null && changedAt > version) rest.#append(item, changedAt);
    }
    return rest;
  }

  #change(id: number, version: number): void {
    if (!this.#changed.has(id) && this.#isCompiled(id)) this.#hidden.push(id);
    this.#changed.set(id, version);
    const slot = this.#slotOf.get(id);
    if (slot === undefined) return;
    this.#slots[slot]!.item = null;
    clearBit(this.#alive, slot);
    this.#slotOf.delete(id);
  }

  #append(item: LiveItem, version: number): void {
    const slot = this.#slots.push({ version, item }) - 1;
    this.#slotOf.set(item.id, slot);
    if (slot === this.#ids.length) {
      const longer = new Float64Array(2 * slot);
      longer.set(this.#ids);
      this.#ids = longer;
    }
    this.#ids[slot] = item.id;
    if (wordsFor(slot + 1) > this.#alive.length) {
      const wider = new Uint32Array(2 * this.#alive.length);
      wider.set(this.#alive);
      this.#alive = wider;
    }
    setBit(this.#alive, slot);
    this.#embeddings.append(item.embedding);
  }
}
