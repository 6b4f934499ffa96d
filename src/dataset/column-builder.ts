import type { CategoricalColumn } from "../retrieval/catalogue.ts";

/** Builds a categorical column row by row, in the order of the rows. */
export class ColumnBuilder {
  readonly #name: string;
  readonly #offsets: Uint32Array;
  #values: Uint32Array;
  #rows = 0;
  #length = 0;

  constructor(name: string, rows: number) {
    this.#name = name;
    this.#offsets = new Uint32Array(rows + 1);
    this.#values = new Uint32Array(rows);
  }

  /** Adds the next row with its codes, in any order; one given twice counts once. */
  add(...codes: readonly number[]): void {
    const start = this.#length;
    for (const code of codes) this.#insert(start, code);
    this.#offsets[++this.#rows] = this.#length;
  }

  /** Insertion into the row's few sorted codes. */
  #insert(start: number, code: number): void {
    let at = this.#length;
    while (at > start && this.#values[at - 1]! > code) at--;
    if (at > start && this.#values[at - 1] === code) return;
    if (this.#length === this.#values.length) this.#grow();
    this.#values.copyWithin(at + 1, at, this.#length);
    this.#values[at] = code;
    this.#length++;
  }

  #grow(): void {
    const grown = new Uint32Array(Math.max(16, Math.ceil(this.#values.length * 1.5)));
    grown.set(this.#values);
    this.#values = grown;
  }

  finish(vocabulary: readonly string[]): CategoricalColumn {
    return {
      kind: "categorical",
      name: this.#name,
      vocabulary,
      offsets: this.#offsets,
      values: this.#values.slice(0, this.#length),
    };
  }
}

/** Gives each new text the next code. */
export class Vocabulary {
  readonly texts: string[] = [];
  readonly #codes = new Map<string, number>();

  code(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    this.#codes.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}
