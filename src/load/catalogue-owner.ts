import { setTimeout as sleep } from "node:timers/promises";
import type { Dataset } from "../dataset/dataset.ts";
import { foldedCatalogue } from "../dataset/folded-catalogue.ts";
import { type AdminClient, connectAdmin } from "../door/admin-service.ts";
import type { DoorClient } from "../door/client.ts";
import { HarnessError } from "../errors.ts";
import { Histogram } from "../math/histogram.ts";
import { Random } from "../math/random.ts";
import type { Catalogue, Column } from "../retrieval/catalogue.ts";
import type { LiveItem } from "../retrieval/live-item.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { System } from "../system.ts";

export interface OwnerOptions {
  readonly dataset: Pick<Dataset, "catalogue">;
  readonly system: System;
  readonly door: DoorClient;
  /** Query vectors of a request, of the items' dimensions each. */
  readonly heads: number;
  readonly perSecond: number;
  /** Between two bursts: an owner sends what gathered meanwhile. */
  readonly everyMs: number;
  readonly seed: number;
}

/** What came of updates that were sent for a while. */
export interface UpdatesSent {
  readonly seconds: number;
  readonly updates: number;
  /** Microseconds from the sending of an update until an answer held it. */
  readonly visible: Histogram;
  /** Updates that were looked for and in no answer yet when the sending ended. */
  readonly unseen: number;
}

/** Shares of a burst: new items, new versions of known ones; the rest are deletes. */
const FRESH_SHARE = 0.5;
const VERSION_SHARE = 0.4;

/** Between two looks for an update, so that the looking is no load. */
const LOOK_EVERY_MS = 2;
const LOOK_TIMEOUT_MS = 10_000;

/**
 * The owner of a catalogue that changes while it is served: new items, new versions of known ones
 * and deletes, in bursts, drawn from a seed. It knows what the catalogue is at any time, and how
 * soon an update is in an answer.
 */
export class CatalogueOwner implements Disposable {
  readonly #options: OwnerOptions;
  readonly #admin: AdminClient;
  readonly #random: Random;
  readonly #newest = new Map<number, LiveItem>();
  readonly #deleted = new Set<number>();
  #nextId: number;

  /** @throws HarnessError BAD_INPUT where the system's catalogue cannot be changed. */
  constructor(options: OwnerOptions) {
    const { system, dataset, seed } = options;
    if (system.adminAddress === undefined) {
      throw new HarnessError("BAD_INPUT", `the catalogue of ${system.name} cannot be changed`, {
        where: "updates.systems",
        hint: "name systems of the kinds mesh and index-as-model",
      });
    }
    this.#options = options;
    this.#admin = connectAdmin(system.adminAddress, system.tls);
    this.#random = new Random(seed);
    this.#nextId = 1 + dataset.catalogue.ids.reduce((most, id) => Math.max(most, id), 0);
  }

  /** The catalogue as it is now, where every update has been taken. */
  catalogue(): Catalogue {
    return foldedCatalogue(this.#options.dataset.catalogue, {
      items: [...this.#newest.values()],
      deleted: Float64Array.from(this.#deleted),
    });
  }

  /**
   * Sends updates until the signal; resolves once the last burst is taken.
   * @throws HarnessError as the system gives it.
   */
  async send(until: AbortSignal): Promise<UpdatesSent> {
    const { perSecond, everyMs } = this.#options;
    const visible = Histogram.create();
    const startMs = performance.now();
    let updates = 0;
    let unseen = 0;
    let looking: Promise<void> | null = null;
    const lookFor = async (item: LiveItem, sentMs: number): Promise<void> => {
      // A look that fails has not seen it.
      const seen = await this.#look(item, until).catch(() => false);
      if (seen) visible.recordMs(performance.now() - sentMs);
      else unseen++;
      looking = null;
    };
    while (!until.aborted) {
      // What is due by now, so that a slow system gets larger bursts and no fewer updates.
      const due = Math.floor((perSecond * (performance.now() - startMs)) / 1000) - updates;
      if (due > 0) {
        const sentMs = performance.now();
        const first = await this.#burst(due);
        updates += due;
        if (looking === null && first !== null) {
          looking = lookFor(first, sentMs);
        }
      }
      await sleep(everyMs, undefined, { signal: until }).catch(() => {});
    }
    await looking;
    return { seconds: (performance.now() - startMs) / 1000, updates, visible, unseen };
  }

  [Symbol.dispose](): void {
    this.#admin.close();
  }

  /** @returns the first of the new items; null: there was none. */
  async #burst(updates: number): Promise<LiveItem | null> {
    const fresh = Math.round(updates * FRESH_SHARE);
    const versions = Math.round(updates * VERSION_SHARE);
    const items = [
      ...Array.from({ length: fresh }, () => this.#item(this.#nextId++)),
      ...Array.from({ length: versions }, () => this.#item(this.#anyId())),
    ];
    const gone = Array.from({ length: updates - fresh - versions }, () => this.#anyId());
    // One after the other: which of two changes of one item is the later must be known.
    if (items.length > 0) await this.#admin.upsert(items);
    for (const item of items) {
      this.#newest.set(item.id, item);
      this.#deleted.delete(item.id);
    }
    if (gone.length > 0) await this.#admin.delete(Float64Array.from(gone));
    for (const id of gone) {
      this.#newest.delete(id);
      this.#deleted.add(id);
    }
    return fresh > 0 ? items[0]! : null;
  }

  /** Asks for what is most like an item until that is in the answer. */
  async #look({ id, embedding }: LiveItem, until: AbortSignal): Promise<boolean> {
    const { door, heads } = this.#options;
    const { length: dim } = embedding;
    const vectors = Float32Array.from({ length: heads * dim }, (_, at) => embedding[at % dim]!);
    const request: RetrievalRequest = {
      user: { kind: "vectors", vectors },
      k: 10,
      filter: "",
      exclude: new Float64Array(0),
    };
    for (;;) {
      const { ids } = await door.retrieve(request, { timeoutMs: LOOK_TIMEOUT_MS });
      if (ids.includes(id)) return true;
      if (until.aborted) return false;
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Of the items that there were at the start; a deleted one comes back. */
  #anyId(): number {
    const { ids, count } = this.#options.dataset.catalogue;
    return ids[this.#random.int(count)]!;
  }

  /** Near one item, with the attributes of another. */
  #item(id: number): LiveItem {
    const { embeddings, dim, dense, denseDim, count, columns } = this.#options.dataset.catalogue;
    const near = this.#random.int(count);
    const like = this.#random.int(count);
    const spread = 0.3 * rootMeanSquare(embeddings.subarray(near * dim, (near + 1) * dim));
    return {
      id,
      // Longer than those around it, so that it is the best answer to itself.
      embedding: embeddings
        .slice(near * dim, (near + 1) * dim)
        .map((x) => 1.5 * x + spread * this.#random.gaussian()),
      dense: dense.slice(like * denseDim, (like + 1) * denseDim),
      attributes: new Map(columns.map((column) => [column.name, valueOf(column, like)])),
    };
  }
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
