import type { LiveItems } from "./live-items.ts";

/** Before that, a pace is a guess by a burst or two. */
const LEAST_MS = 5000;

/** How fast a catalogue changes since its artifact was compiled. */
export class ChangePace {
  #live: LiveItems | null = null;
  #sinceMs = 0;
  #before = 0;
  /** Changes a second, of what was served before. */
  #known = 0;

  /**
   * Changes a second; shortly after a fold those before it, for what came during a fold is not to be
   * folded at once, and at the very first 0.
   * @param changes that there are by now. @param nowMs on performance.now()'s clock.
   */
  of(live: LiveItems, changes: number, nowMs = performance.now()): number {
    if (live !== this.#live) {
      this.#live = live;
      this.#sinceMs = nowMs;
      this.#before = changes;
    }
    const ms = nowMs - this.#sinceMs;
    if (ms >= LEAST_MS) this.#known = (1000 * (changes - this.#before)) / ms;
    return this.#known;
  }
}
