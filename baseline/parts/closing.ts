/** What has been opened and must be closed: the last opened first. */
export class Closing implements AsyncDisposable {
  readonly #closers: (() => unknown)[] = [];

  add<Opened extends AsyncDisposable>(opened: Opened): Opened {
    this.#closers.push(() => opened[Symbol.asyncDispose]());
    return opened;
  }

  /** @param close Must not reject. */
  defer(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** Closes everything where what is done with it fails. */
  async unless<Result>(fails: () => Promise<Result>): Promise<Result> {
    try {
      return await fails();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Safe to call twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close();
    }
  }
}
