import { setTimeout as sleep } from "node:timers/promises";
import type { ChangeFeed } from "../live/change-feed.ts";

/** How often filter and index are asked before an answer of different versions is given. */
const MOST_ATTEMPTS = 5;

/** Before they are asked again, so that what is on its way to one of them can arrive. */
const PAUSE_MS = 2;

/**
 * Sees to it that the filter and the index answer one request from the same version of the items,
 * and from none older than what every service had when the request came. What cannot be had so
 * after a few attempts is counted as mixed.
 */
export class ConsistentView {
  readonly #feed: ChangeFeed;
  readonly #oldest: number;
  #attempts = 0;
  #isMixed = false;

  constructor({ feed }: { readonly feed: ChangeFeed }) {
    this.#feed = feed;
    this.#oldest = feed.settled;
  }

  /** Whether the answer that is given is of different versions, or of one too old. */
  get isMixed(): boolean {
    return this.#isMixed;
  }

  /** @param filter Version that each answered from; null: it was not asked. */
  async mustAskAgain(filter: number | null, index: number | null): Promise<boolean> {
    if (this.#isConsistent(filter, index)) {
      this.#isMixed = false;
      return false;
    }
    this.#isMixed = true;
    if (++this.#attempts >= MOST_ATTEMPTS) return false;
    await sleep(PAUSE_MS);
    return true;
  }

  #isConsistent(filter: number | null, index: number | null): boolean {
    if (this.#isOld("filter", filter) || this.#isOld("index", index)) return false;
    // One that is held behind is meant to differ.
    if (filter === null || index === null) return true;
    return filter === index || this.#feed.holds("filter") || this.#feed.holds("index");
  }

  #isOld(service: "filter" | "index", version: number | null): boolean {
    if (version === null || version >= this.#oldest || this.#feed.holds(service)) return false;
    this.#feed.notice(service, version);
    return true;
  }
}
