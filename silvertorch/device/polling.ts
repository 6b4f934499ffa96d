/**
 * How often Dawn asks the device whether it is done. While anything is waited for, it does so on
 * every turn of the event loop: each time it makes a native function, with a finalizer, and hands it
 * to the global `setImmediate`. That is hundreds of thousands a second, which occupy a core, and
 * whose remains a collection then clears away all at once.
 *
 * So a thread that has a device pauses between two such turns: shortly while an answer may be near,
 * and the longer, the longer nothing has happened, but for no more than a small share of that time.
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

/** To be told of each submission, and whenever something that was waited for has come. */
export function somethingHappened(): void {
  busySinceMs = performance.now();
}

let paced = false;
let busySinceMs = 0;
let askedMs = 0;

/** Dawn's are, and bound functions, which are few: to those a pause is no harm. */
const isNative = (callback: (...args: unknown[]) => void): boolean =>
  Function.prototype.toString.call(callback).endsWith("{ [native code] }");

/** As long as this has passed since, answers may be near: a batch of one takes 0.13 ms on an H100. */
const NEAR_MS = 0.5;
/** From one turn to the next while they are: a thread that had other work meanwhile waits no more. */
const SHORT_MS = 0.02;
/** Later: this share of the time that has passed, and at most so long. */
const SHARE = 0.1;
const LONGEST_MS = 0.25;

const nothing = new Int32Array(new SharedArrayBuffer(4));

function pause(sinceMs: number): void {
  if (sinceMs >= NEAR_MS) {
    Atomics.wait(nothing, 0, 0, Math.min(LONGEST_MS, SHARE * sinceMs));
    return;
  }
  const endMs = askedMs + SHORT_MS;
  // A sleep as short as that would last several times as long.
  while (performance.now() < endMs);
}
