/** Promises of replies that come back by number. */
export class PendingReplies<T> {
  readonly #waiting = new Map<
    number,
    { readonly resolve: (reply: T) => void; readonly reject: (error: Error) => void }
  >();
  #lastId = 0;

  /** @param send called at once with the number the reply will carry. */
  ask(send: (id: number) => void): Promise<T> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  /** Does nothing for a number that nobody waits for. */
  resolve(id: number, reply: T): void {
    this.#take(id)?.resolve(reply);
  }

  reject(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  #take(id: number): { resolve: (reply: T) => void; reject: (error: Error) => void } | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
