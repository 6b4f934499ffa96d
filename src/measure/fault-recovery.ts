/** Harm that was done during a load; times on performance.now()'s clock. */
export interface Strike {
  readonly service: string;
  readonly kind: string;
  /** Into the window, as planned. */
  readonly atSeconds: number;
  /** How long it was to last. */
  readonly seconds: number;
  readonly struckMs: number;
  /** When the service's process was there again, or went on. */
  readonly undoneMs: number;
}

/** What a load saw. */
export interface FaultEvents {
  /** When each answer came, how long after it was due, and what it was worth. */
  readonly answers: readonly {
    readonly doneMs: number;
    readonly latencyMs: number;
    readonly worth: "good" | "partial" | "poor";
  }[];
  /** When requests failed, ascending. */
  readonly failuresMs: ArrayLike<number>;
}

/** What a fault did to the answers. */
export interface FaultEffect {
  readonly service: string;
  readonly kind: string;
  readonly atSeconds: number;
  readonly seconds: number;
  /** From the strike until the process was there again. */
  readonly downSeconds: number;
  /** Requests that failed from the strike until the next one, or the end. */
  readonly errors: number;
  /** Answers that were marked partial in that time. */
  readonly partial: number;
  /**
   * From the strike until the first good answer to a request that was due after it, and after all
   * errors and partial answers; null: none came.
   */
  readonly recoverySeconds: number | null;
}

/** The effect of each strike, in the order of their times. */
export function effectsOf(strikes: readonly Strike[], events: FaultEvents): FaultEffect[] {
  const inOrder = strikes.toSorted((a, b) => a.struckMs - b.struckMs);
  return inOrder.map((strike, at) =>
    effectOf(strike, inOrder[at + 1]?.struckMs ?? Infinity, events),
  );
}

function effectOf(strike: Strike, untilMs: number, events: FaultEvents): FaultEffect {
  const { service, kind, atSeconds, seconds, struckMs, undoneMs } = strike;
  const isWithin = (ms: number): boolean => ms >= struckMs && ms < untilMs;
  const failures = Array.from(events.failuresMs).filter(isWithin);
  const answers = events.answers.filter(({ doneMs }) => isWithin(doneMs));
  const partial = answers.filter(({ worth }) => worth === "partial");
  const lastBadMs = [...failures, ...partial.map(({ doneMs }) => doneMs)].reduce(
    (last, ms) => Math.max(last, ms),
    struckMs,
  );
  const recoveredMs = answers.reduce(
    (first, { doneMs, latencyMs, worth }) =>
      worth === "good" && doneMs >= lastBadMs && doneMs - latencyMs >= struckMs
        ? Math.min(first, doneMs)
        : first,
    Infinity,
  );
  return {
    service,
    kind,
    atSeconds,
    seconds,
    downSeconds: (undoneMs - struckMs) / 1000,
    errors: failures.length,
    partial: partial.length,
    recoverySeconds: recoveredMs === Infinity ? null : (recoveredMs - struckMs) / 1000,
  };
}
