import { setTimeout as sleep } from "node:timers/promises";
import type { Dataset } from "../dataset/dataset.ts";
import { type AdminClient, connectAdmin } from "../door/admin-service.ts";
import type { DoorClient } from "../door/client.ts";
import { HarnessError } from "../errors.ts";
import { Histogram } from "../math/histogram.ts";
import { Random } from "../math/random.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import type { Catalogue } from "../retrieval/catalogue.ts";
import type { System } from "../system.ts";
import { ChangingCatalogue, type DrawnBurst, type DrawnChange } from "./changing-catalogue.ts";
import { ItemKey } from "./item-key.ts";
import { ItemValues } from "./item-values.ts";
import { lookFor, type Seen } from "./update-look.ts";

export interface OwnerOptions {
  readonly dataset: Pick<Dataset, "catalogue" | "users">;
  readonly model: ModelSpec;
  readonly system: System;
  readonly door: DoorClient;
  readonly perSecond: number;
  /** Between two bursts: an owner sends what gathered meanwhile. */
  readonly everyMs: number;
  /** After so long from when it was due, an update that is in no answer is lost. */
  readonly lostAfterMs: number;
  readonly seed: number;
}

/** Updates that a system took during one load. */
export interface UpdatesTaken {
  /** From the load's begin until it had taken the last of them. */
  readonly seconds: number;
  readonly updates: number;
}

/** How soon answers held those of them that were looked for. */
export interface UpdatesSeen {
  /** Microseconds from when an update was meant to be sent until an answer held it. */
  readonly visible: Histogram;
  /** Microseconds by which at most that is too long, since looks are some time apart. */
  readonly over: Histogram;
  /** Those that were in no answer in time. */
  readonly unseen: number;
}

export type UpdatesSent = UpdatesTaken & UpdatesSeen;

/** A burst that is due. */
interface DueBurst extends DrawnBurst {
  readonly dueMs: number;
  readonly isLookedFor: boolean;
}

/** Of bursts that are due closer together not every one is looked for, so that looks are no load. */
const LOOKS_APART_MS = 20;

/**
 * The owner of a catalogue that changes while it is served, in bursts, drawn from a seed. It knows
 * what the catalogue is at any time, and how soon an update is in an answer.
 *
 * Bursts are due at their own times, whether or not the system has taken the last one: those that
 * it kept waiting go out together, and their time counts from when they were due. One update of
 * each burst, of 50 bursts a second at most, is looked for until it is seen or lost. Which ones are
 * does not depend on how the system fares.
 */
export class CatalogueOwner implements Disposable {
  readonly #options: OwnerOptions;
  readonly #admin: AdminClient;
  readonly #catalogue: ChangingCatalogue;
  readonly #values: ItemValues;
  /** Who looks for updates. */
  readonly #users: Random;
  /** Time under load so far, over all calls of `send`, and bursts that were due in it. */
  #underLoadMs = 0;
  #bursts = 0;
  /** When the last one that is looked for was due, in time under load. */
  #lookedForMs = -Infinity;

  /**
   * @throws HarnessError BAD_INPUT where the system's catalogue cannot be changed, or where nothing
   *   tells its items apart.
   */
  constructor(options: OwnerOptions) {
    const { system, dataset, model, seed } = options;
    if (system.adminAddress === undefined) {
      throw new HarnessError("BAD_INPUT", `the catalogue of ${system.name} cannot be changed`, {
        where: "updates.systems",
        hint: "name systems of the kinds mesh (with one gateway) and index-as-model",
      });
    }
    this.#options = options;
    this.#admin = connectAdmin(system.adminAddress, system.tls);
    const { catalogue } = dataset;
    this.#catalogue = new ChangingCatalogue(catalogue, new ItemKey(catalogue), seed);
    this.#values = new ItemValues(dataset, model);
    this.#users = new Random(seed).fork("looks");
  }

  /** The catalogue as it is now, where every update has been taken. */
  catalogue(): Catalogue {
    return this.#catalogue.now();
  }

  /**
   * Sends updates until a load has ended; resolves once all that were due by then are taken.
   * @param signal ends the looks too.
   * @returns what was taken, and a promise, which never rejects, of what was seen of it.
   * @throws HarnessError as the system gives it.
   */
  async send(
    until: AbortSignal,
    signal: AbortSignal,
  ): Promise<UpdatesTaken & { readonly seen: Promise<UpdatesSeen> }> {
    const { everyMs } = this.#options;
    const beganMs = performance.now();
    const zeroMs = beganMs - this.#underLoadMs;
    let endMs = Infinity;
    until.addEventListener("abort", () => (endMs = performance.now()), { once: true });
    const failed = new AbortController();
    const stopped = AbortSignal.any([signal, failed.signal]);
    const looks: Promise<Seen | null>[] = [];
    let updates = 0;
    for (let isLast = false; !isLast;) {
      isLast = until.aborted;
      const due = this.#due(zeroMs, Math.min(endMs, performance.now()));
      if (due.length > 0) {
        const sentMs = performance.now();
        const lookedFor = due.filter((burst) => burst.isLookedFor);
        looks.push(...lookedFor.map((burst) => this.#look(burst, sentMs, stopped)));
        await this.#take(due).catch((thrown: unknown) => {
          failed.abort();
          throw thrown;
        });
        updates += due.reduce((sum, { changes }) => sum + changes.length, 0);
      }
      const pauseMs = zeroMs + (this.#bursts + 1) * everyMs - performance.now();
      if (!isLast && pauseMs > 0) {
        await sleep(pauseMs, undefined, { signal: until }).catch(() => {});
      }
    }
    this.#underLoadMs += endMs - beganMs;
    const seconds = (Math.max(endMs, performance.now()) - beganMs) / 1000;
    return { seconds, updates, seen: Promise.all(looks).then(seenOf) };
  }

  [Symbol.dispose](): void {
    this.#admin.close();
  }

  /** Draws the bursts that became due. @param zeroMs when the time under load would have begun. */
  #due(zeroMs: number, nowMs: number): DueBurst[] {
    const { perSecond, everyMs } = this.#options;
    const updatesBy = (burst: number): number => Math.floor((perSecond * burst * everyMs) / 1000);
    const due: DueBurst[] = [];
    while (zeroMs + (this.#bursts + 1) * everyMs <= nowMs) {
      const size = updatesBy(this.#bursts + 1) - updatesBy(this.#bursts);
      this.#bursts++;
      if (size === 0) continue;
      const atMs = this.#bursts * everyMs;
      const isLookedFor = atMs - this.#lookedForMs >= LOOKS_APART_MS;
      if (isLookedFor) this.#lookedForMs = atMs;
      due.push({ ...this.#catalogue.burst(size), dueMs: zeroMs + atMs, isLookedFor });
    }
    return due;
  }

  /** Of what changed more than once the last state is sent. */
  async #take(bursts: readonly DueBurst[]): Promise<void> {
    const newest = new Map<number, DrawnChange["item"]>();
    for (const { changes } of bursts) for (const { id, item } of changes) newest.set(id, item);
    const items = [...newest.values()].filter((item) => item !== null);
    const gone = [...newest].flatMap(([id, item]) => (item === null ? [id] : []));
    if (items.length > 0) await this.#admin.upsert(items);
    if (gone.length > 0) await this.#admin.delete(Float64Array.from(gone));
  }

  #look(burst: DueBurst, sentMs: number, signal: AbortSignal): Promise<Seen | null> {
    const { door, dataset, lostAfterMs } = this.#options;
    const { sign, version, dueMs } = burst;
    const { ids, count } = dataset.users;
    const draw = (): number => this.#users.int(count);
    const values = version === null ? null : this.#values.ofVersions(version, draw);
    const user = { kind: "id", id: values?.userId ?? ids[draw()]! } as const;
    return lookFor(sign, { door, user, values, dueMs, sentMs, lostAfterMs, signal });
  }
}

function seenOf(looks: readonly (Seen | null)[]): UpdatesSeen {
  const visible = Histogram.create();
  const over = Histogram.create();
  for (const look of looks) {
    if (look === null) continue;
    visible.recordMs(look.visibleMs);
    over.recordMs(look.overMs);
  }
  return { visible, over, unseen: looks.length - visible.count };
}
