/** Tokens at the start, and the most there are. */
const MOST_TOKENS = 10;

/** What a call that succeeds gives back. */
const PER_SUCCESS = 0.1;

/**
 * How many calls may be repeated: about one in ten, so that retries cannot multiply the load on
 * services that are failing because of it. Throttling of retries as gRPC has it (gRFC A6).
 */
export class RetryBudget {
  #tokens = MOST_TOKENS;

  /** Whether a call that failed may be tried again. */
  get allows(): boolean {
    return this.#tokens > MOST_TOKENS / 2;
  }

  succeeded(): void {
    this.#tokens = Math.min(MOST_TOKENS, this.#tokens + PER_SUCCESS);
  }

  failed(): void {
    this.#tokens = Math.max(0, this.#tokens - 1);
  }
}
