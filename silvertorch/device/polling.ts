/**
 * How often Dawn asks the device whether it is done. While anything is waited for, it does so on
 * every turn of the event loop: each time it makes a native function, with a finalizer, and hands it
 * to the global `setImmediate`. That is hundreds of thousands a second, which occupy a core, and
 * whose remains a collection then clears away all at once: at 12,000 a second (2 cores, loaded) that
 * stopped the thread for 3 to 30 ms five times a second, and for 35 to 90 ms every other second.
 *
 * So a thread that has a device pauses between two such turns: shortly while an answer may be near,
 * and the longer, the longer nothing has happened, but for no more than a small share of that time.
 * While several batches are under way, the device has others to go on with, and need not be asked as
 * soon as one is done.
 */
export function paceDawn(): void {
  if (paced) return;
  paced = true;
  const immediate = globalThis.setImmediate;
  const pacing = (callback: (...args: unknown[]) => void, ...args: unknown[]): NodeJS.Immediate =>
    isNative(callback)
      ? immediate(() => {
          pause(performance.now() - busySinceMs);
          askedMs = performance.now();
          callback(...args);
        })
      : immediate(callback, ...args);
  globalThis.setImmediate = Object.assign(pacing, immediate);
}

/** To be told of each submission. */
export function somethingHappened(): void {
  busySinceMs = performance.now();
}

/** To be told whenever something that was waited for has come. @param left How many others are waited for. */
export function somethingCame(left: number): void {
  busySinceMs = performance.now();
  waitedFor = left;
  const gapMs = busySinceMs - cameMs;
  cameMs = busySinceMs;
  if (gapMs < PAUSE_MS) usualGapMs += LEARN * (gapMs - usualGapMs);
}

/**
 * Milliseconds from one turn to the next while answers may be near.
 * @param left How many others are waited for, since the last answer came.
 * @param gapMs Usual time from one answer to the next.
 */
export const turnMs = (left: number, gapMs: number): number =>
  Math.min(LONG_TURN_MS, Math.max(SHORT_MS, left * gapMs * OF_QUEUED));

let paced = false;
let busySinceMs = 0;
let askedMs = 0;
let cameMs = 0;
let waitedFor = 0;
let usualGapMs = 0;

/** Dawn's are, and bound functions, which are few: to those a pause is no harm. */
const isNative = (callback: (...args: unknown[]) => void): boolean =>
  Function.prototype.toString.call(callback).endsWith("{ [native code] }");

/** As long as this has passed since, answers may be near: a batch of one takes 0.13 ms on an H100. */
const NEAR_MS = 0.5;
/** From one turn to the next while they are: a thread that had other work meanwhile waits no more. */
const SHORT_MS = 0.02;
/** While others are under way: this share of the time that they take together, and at most so long. */
const OF_QUEUED = 0.125;
const LONG_TURN_MS = 0.1;
/** What comes later than that came after a pause, and says nothing of how long batches take. */
const PAUSE_MS = 5;
/** Weight of the last gap in the usual one. */
const LEARN = 0.2;
/** Later: this share of the time that has passed, and at most so long. */
const SHARE = 0.1;
const LONGEST_MS = 0.25;

/**
 * Loads between two looks at the clock, together a microsecond or less: each look leaves a number
 * behind, and to look all the time had remains of it cleared away 190 times a second.
 */
const BETWEEN = 300;

const nothing = new Int32Array(new SharedArrayBuffer(4));

function pause(sinceMs: number): void {
  if (sinceMs >= NEAR_MS) {
    Atomics.wait(nothing, 0, 0, Math.min(LONGEST_MS, SHARE * sinceMs));
    return;
  }
  const endMs = askedMs + turnMs(waitedFor, usualGapMs);
  // A sleep as short as that would last several times as long.
  while (performance.now() < endMs) {
    for (let n = 0; n < BETWEEN; n++) Atomics.load(nothing, 0);
  }
}
