/**
 * Filters that a system keeps as it read them, by their text: as many in the mesh as in the
 * index-as-model. Which items of the catalogue as it was compiled they let through is worked out for
 * each request.
 */
export const FILTERS_READ = 10_000;

/**
 * What was made from the filter texts used last, so that a repeated filter is not parsed and
 * evaluated again. When full, the text unused for longest goes.
 */
export class FilterCache<T> {
  readonly #capacity: number;
  readonly #build: (text: string) => T;
  /** In order of use, the latest last. */
  readonly #held = new Map<string, T>();

  /**
   * @param capacity texts held at most; 0 holds none.
   * @param build makes the value of a text; what it throws is thrown by `get` and not remembered.
   */
  constructor(capacity: number, build: (text: string) => T) {
    this.#capacity = capacity;
    this.#build = build;
  }

  get size(): number {
    return this.#held.size;
  }

  get(text: string): T {
    const held = this.#held.get(text);
    if (held !== undefined || this.#held.has(text)) {
      this.#held.delete(text);
      this.#held.set(text, held as T);
      return held as T;
    }
    const made = this.#build(text);
    this.#held.set(text, made);
    if (this.#held.size > this.#capacity) {
      const [oldest] = this.#held.keys();
      this.#held.delete(oldest!);
    }
    return made;
  }
}
