/** How long a scripted system takes over each request: known in advance, and so what a load must read back. */
export type DelayScript =
  /** Each takes the same. */
  | { readonly kind: "constant"; readonly delayMs: number }
  /** Each n-th takes longer. */
  | {
      readonly kind: "bimodal";
      readonly delayMs: number;
      readonly slowMs: number;
      readonly slowEach: number;
    }
  /** From one request on, nothing is answered for a while; then all that waits is. */
  | {
      readonly kind: "stall";
      readonly delayMs: number;
      readonly afterRequests: number;
      readonly stallMs: number;
    }
  /** Its event loop stands still for the first part of each period, from its first request on. */
  | { readonly kind: "stop"; readonly stopMs: number; readonly everyMs: number };

/**
 * Quantiles of the latency from the intended time under constant arrivals, in closed form.
 * @param share 0..1.
 * @param windowMs length of the window, of which a stall and whole periods are a part.
 * @returns milliseconds.
 */
export function scriptedQuantile(script: DelayScript, share: number, windowMs: number): number {
  switch (script.kind) {
    case "constant":
      return script.delayMs;
    case "bimodal":
      return share < 1 - 1 / script.slowEach ? script.delayMs : script.slowMs;
    case "stall":
      return Math.max(script.delayMs, pausedQuantile(share, script.stallMs, windowMs));
    case "stop":
      return pausedQuantile(share, script.stopMs, script.everyMs);
  }
}

/**
 * Who comes in the first `pauseMs` of each period waits until it is over: evenly anything from the
 * whole of it to nothing. All others do not wait.
 */
function pausedQuantile(share: number, pauseMs: number, periodMs: number): number {
  const waiting = pauseMs / periodMs;
  return Math.max(0, pauseMs * (1 - (1 - share) / waiting));
}
