import { spokenDuration } from "./duration.ts";
import type { Terminal } from "./terminal.ts";

/** How far some long work is. */
export interface Progress {
  readonly phase: string;
  /** 0 .. 1 of the phase; NaN where nobody knows. */
  readonly fraction: number;
  readonly detail?: string;
}

const LIVE_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 1000;
/** In a log, a phase speaks again after this share of it is done, or this long. */
const PLAIN_STEP = 0.1;
const PLAIN_SILENCE_MS = 15_000;
/** An estimate from less of a phase than this is a guess. */
const ESTIMATE_FROM_MS = 1500;
const BAR_WIDTH = 20;

interface Phase {
  readonly name: string;
  readonly startedMs: number;
  /** Where the whole stood when the phase began: a round begins where the one before it ended. */
  readonly startedFraction: number;
  shownMs: number;
  shownFraction: number;
}

/**
 * Shows progress on stderr: on a terminal one live line with phase, percent and an estimate of the
 * time left, elsewhere plain lines, never more than one a second per phase.
 */
export class ProgressLine implements Disposable {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #phase: Phase | null = null;

  /** @param now monotonic milliseconds. */
  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.#terminal = terminal;
    this.#now = now;
  }

  show(progress: Progress): void {
    const now = this.#now();
    if (this.#phase?.name !== progress.phase) {
      this.#finishPhase(now);
      this.#phase = {
        name: progress.phase,
        startedMs: now,
        startedFraction: Number.isNaN(progress.fraction) ? 0 : progress.fraction,
        shownMs: -Infinity,
        shownFraction: NaN,
      };
    }
    const phase = this.#phase;
    if (!this.#isDue(phase, progress.fraction, now)) return;
    phase.shownMs = now;
    phase.shownFraction = progress.fraction;
    const elapsedMs = now - phase.startedMs;
    const left = timeLeft(progress.fraction, phase.startedFraction, elapsedMs);
    if (this.#terminal.isLive) this.#redraw(liveText(progress, left, elapsedMs));
    else this.#terminal.note(plainText(progress, left));
  }

  /** A line about the work that stays, written above the live one. */
  note(text: string): void {
    this.#clear();
    this.#terminal.note(text);
  }

  [Symbol.dispose](): void {
    this.#finishPhase(this.#now());
  }

  #isDue({ shownMs, shownFraction }: Phase, fraction: number, now: number): boolean {
    const sinceMs = now - shownMs;
    if (this.#terminal.isLive) return sinceMs >= LIVE_INTERVAL_MS;
    if (sinceMs < PLAIN_INTERVAL_MS) return false;
    return sinceMs >= PLAIN_SILENCE_MS || fraction - shownFraction >= PLAIN_STEP;
  }

  /** On a terminal, what took a while leaves a line behind: the history of the run. */
  #finishPhase(now: number): void {
    const phase = this.#phase;
    this.#phase = null;
    if (phase === null || !this.#terminal.isLive) return;
    this.#clear();
    const tookMs = now - phase.startedMs;
    if (tookMs >= 1000) this.#terminal.note(`  ${phase.name}: ${spokenDuration(tookMs / 1000)}`);
  }

  #redraw(text: string): void {
    this.#terminal.raw(`\r\x1b[K${text.slice(0, this.#terminal.columns - 1)}`);
  }

  #clear(): void {
    if (this.#terminal.isLive) this.#terminal.raw("\r\x1b[K");
  }
}

function liveText(progress: Progress, left: string | undefined, elapsedMs: number): string {
  const { fraction, detail } = progress;
  if (Number.isNaN(fraction))
    return words([progress.phase, spokenDuration(elapsedMs / 1000), detail]);
  const filled = Math.round(BAR_WIDTH * clamped(fraction));
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  return words([progress.phase, bar, percent(fraction), left, detail]);
}

function plainText(progress: Progress, left: string | undefined): string {
  const { phase, fraction, detail } = progress;
  if (Number.isNaN(fraction)) return words([phase, detail]);
  return words([phase, percent(fraction), left, detail]);
}

/** From the pace of this phase alone. */
function timeLeft(fraction: number, from: number, elapsedMs: number): string | undefined {
  if (elapsedMs < ESTIMATE_FROM_MS || !(fraction > from) || fraction >= 1) return undefined;
  return `about ${spokenDuration((elapsedMs * (1 - fraction)) / (fraction - from) / 1000)} left`;
}

const clamped = (fraction: number): number => Math.min(1, Math.max(0, fraction));

const percent = (fraction: number): string => `${Math.floor(100 * clamped(fraction))}%`;

const words = (parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== "").join("  ");
