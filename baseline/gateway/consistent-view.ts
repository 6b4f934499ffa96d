import { setTimeout as sleep } from "node:timers/promises";
import type { CallContext } from "../../src/door/retriever.ts";
import { HarnessError } from "../../src/errors.ts";
import type { ChangeFeed } from "../live/change-feed.ts";

/** Before the services are asked again, so that what is on its way to one of them can arrive. */
const FIRST_PAUSE_MS = 2;

/** Pauses double up to this: a service that was restarted is brought up meanwhile. */
const LONGEST_PAUSE_MS = 50;

/** How long one version is waited for where the caller has no deadline. */
const MOST_WAIT_MS = 5_000;

/** What is kept of the caller's time, so that it still learns what went wrong. */
const MARGIN_MS = 10;

/** What the filter, and the index, answered from; null: it was not asked. */
export interface AnsweredFrom {
  readonly filter: number | null;
  readonly index: number | null;
}

export interface ConsistentViewOptions {
  readonly feed: ChangeFeed;
  /**
   * After how long an answer of different versions is given for want of a better one; null: never,
   * it is an error then.
   */
  readonly partialAfterMs: number | null;
}

/**
 * Sees to it that the filter and the index answer one request from the same version of the items,
 * and from none older than what every service had when the request came. They are asked again until
 * they do.
 */
export class ConsistentView {
  readonly #feed: ChangeFeed;
  readonly #oldest: number;
  readonly #givesUpMs: number;
  readonly #mayMix: boolean;
  #pauseMs = FIRST_PAUSE_MS;
  #isMixed = false;

  constructor({ feed, partialAfterMs }: ConsistentViewOptions, { deadlineMs }: CallContext) {
    const nowMs = performance.now();
    this.#feed = feed;
    this.#oldest = feed.settled;
    this.#mayMix = partialAfterMs !== null;
    this.#givesUpMs = Math.min(
      deadlineMs - MARGIN_MS,
      nowMs + Math.min(partialAfterMs ?? MOST_WAIT_MS, MOST_WAIT_MS),
    );
  }

  /** Whether the answer that is given is of different versions, or of one too old. */
  get isMixed(): boolean {
    return this.#isMixed;
  }

  /** @throws HarnessError UNAVAILABLE where time is up and no mixed answer may be given. */
  async mustAskAgain(versions: AnsweredFrom): Promise<boolean> {
    this.#isMixed = !this.#isConsistent(versions);
    if (!this.#isMixed) return false;
    if (performance.now() + this.#pauseMs >= this.#givesUpMs) {
      if (this.#mayMix) return false;
      throw this.#behind(versions);
    }
    await sleep(this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    return true;
  }

  #isConsistent({ filter, index }: AnsweredFrom): boolean {
    const isOld = [this.#isOld("filter", filter), this.#isOld("index", index)];
    if (isOld.includes(true)) return false;
    // One that is held behind is meant to differ.
    if (filter === null || index === null) return true;
    return filter === index || this.#feed.holds("filter") || this.#feed.holds("index");
  }

  #isOld(service: "filter" | "index", version: number | null): boolean {
    // Shards that differ have no version, NaN.
    if (version === null || version >= this.#oldest || this.#feed.holds(service)) return false;
    this.#feed.notice(service, version);
    return true;
  }

  #behind({ filter, index }: AnsweredFrom): HarnessError {
    const told = [
      filter === null ? "" : `the filter service has ${filter}`,
      index === null ? "" : `the index service has ${index}`,
    ];
    return new HarnessError(
      "UNAVAILABLE",
      `not all services have one version of the items, ${this.#oldest} or newer: ${told.filter((part) => part !== "").join(", ")}`,
      { where: "version", hint: "they are brought up; ask again" },
    );
  }
}
