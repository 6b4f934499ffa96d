import { setTimeout as sleep } from "node:timers/promises";
import type { Dataset } from "../../../dataset/dataset.ts";
import type { AdminClient } from "../../../door/admin-service.ts";
import type { DoorClient } from "../../../door/client.ts";
import { Histogram } from "../../../math/histogram.ts";
import { Random } from "../../../math/random.ts";
import type { LiveItem } from "../../../retrieval/live-item.ts";
import type { RetrievalRequest } from "../../../retrieval/request.ts";

export const UPDATES_PER_SECOND = 300;
/** Updates of one burst: an owner sends what gathered in a fifth of a second. */
export const BURST = 60;
const BURST_MS = (1000 * BURST) / UPDATES_PER_SECOND;
const TIMEOUT = { timeoutMs: 60_000 };
/** How far an item lies from the one that it is drawn beside, in that one's lengths. */
const SPREAD = 0.5;
/** Of an item that is looked for: longer than those around it, it is the best answer to itself. */
const LONGER = 1.5;
/** Above every id of the synthetic catalogue. */
const FIRST_FRESH_ID = 2 ** 40;

/** The owner of a catalogue that changes all the time. */
export class ChangingOwner {
  readonly #random = new Random(1);
  readonly #dataset: Dataset;
  readonly #admin: AdminClient;
  readonly #door: DoorClient;
  /** Items asked for in which an update is looked for. */
  readonly #places: number;
  #nextId = FIRST_FRESH_ID;
  #updates = 0;
  /** Microseconds from the sending of an update until an answer held it. */
  readonly seen = Histogram.create();
  /** Requests for an update: one each, where the first answer holds it. */
  looks = 0;

  constructor(
    dataset: Dataset,
    { admin, door, places }: { admin: AdminClient; door: DoorClient; places: number },
  ) {
    this.#dataset = dataset;
    this.#admin = admin;
    this.#door = door;
    this.#places = places;
  }

  get updates(): number {
    return this.#updates;
  }

  /** Until there were so many, one burst after the other, of which nothing is looked for. */
  async pour(updates: number): Promise<void> {
    while (this.#updates < updates) await this.#send();
  }

  /** As many a second as said, until it is told to end. */
  async update(signal: AbortSignal): Promise<void> {
    let dueMs = performance.now();
    while (!signal.aborted) {
      dueMs += BURST_MS;
      await this.#burst();
      await sleep(Math.max(0, dueMs - performance.now()));
    }
  }

  /** Asks a model that has no updates as one is asked for them. */
  async lookAround(door: DoorClient, signal: AbortSignal): Promise<void> {
    let dueMs = performance.now();
    while (!signal.aborted) {
      dueMs += BURST_MS;
      await door.retrieve(this.#lookFor(this.#item(0, LONGER)), TIMEOUT);
      await sleep(Math.max(0, dueMs - performance.now()));
    }
  }

  /** A burst, of which one is then asked for. */
  async #burst(): Promise<void> {
    const sentMs = performance.now();
    const wanted = await this.#send();
    const request = this.#lookFor(wanted);
    for (;;) {
      this.looks++;
      if ((await this.#door.retrieve(request, TIMEOUT)).ids.includes(wanted.id)) break;
      if (performance.now() - sentMs > 10_000) throw new Error(`item ${wanted.id} is not seen`);
    }
    this.seen.recordMs(performance.now() - sentMs);
  }

  /** Three tenths new items, four tenths new versions, three tenths deletes. @returns one of the new. */
  async #send(): Promise<LiveItem> {
    const wanted = this.#item(this.#nextId++, LONGER);
    const fresh = Array.from({ length: 0.3 * BURST - 1 }, () => this.#item(this.#nextId++));
    const versions = Array.from({ length: 0.4 * BURST }, () => this.#item(this.#anyId()));
    const deleted = Float64Array.from({ length: 0.3 * BURST }, () => this.#anyId());
    const items = [wanted, ...fresh, ...versions];
    await Promise.all([this.#admin.upsert(items), this.#admin.delete(deleted)]);
    this.#updates += BURST;
    return wanted;
  }

  /** The tower hands features on as they are, and the item is the best by score. */
  #lookFor({ embedding }: LiveItem): RetrievalRequest {
    return {
      user: { kind: "features", features: embedding.map((x) => 100 * x) },
      k: this.#places,
      filter: "",
      exclude: new Float64Array(0),
    };
  }

  #anyId(): number {
    const { ids, count } = this.#dataset.catalogue;
    return ids[this.#random.int(count)]!;
  }

  /** Near one of the catalogue's. @param length in that one's lengths. */
  #item(id: number, length = 1): LiveItem {
    const { embeddings, dim, denseDim, count } = this.#dataset.catalogue;
    const row = this.#random.int(count);
    const near = embeddings.slice(row * dim, (row + 1) * dim);
    const away = near.map(() => this.#random.gaussian());
    const spread = (SPREAD * lengthOf(near)) / lengthOf(away);
    const beside = near.map((x, at) => x + spread * away[at]!);
    const scale = (length * lengthOf(near)) / lengthOf(beside);
    return {
      id,
      embedding: beside.map((x) => scale * x),
      dense: new Float32Array(denseDim),
      attributes: new Map<string, readonly string[] | number>([
        ["lang", ["en"]],
        ["age_days", 0],
      ]),
    };
  }
}

const lengthOf = (vector: Float32Array): number => Math.hypot(...vector);
