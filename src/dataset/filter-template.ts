import { HarnessError } from "../errors.ts";
import type { Random } from "../math/random.ts";
import type { Catalogue, Column } from "../retrieval/catalogue.ts";
import { bindFilter } from "../retrieval/filter/bind.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import { printValue } from "../retrieval/filter/scanner.ts";
import type { PopularRows } from "./popular-rows.ts";

/** Draws before a value that came already is taken again. */
const DISTINCT_TRIES = 20;
/** Random items asked for a value before all are looked through. */
const ITEM_TRIES = 100;

/** A gap: a value of a column, of any item or of one near the user who asks. */
interface Gap {
  readonly column: Column;
  readonly isNear: boolean;
}

/**
 * A filter with gaps: `{lang}` stands for a value that a random item, popular ones more often,
 * has in the column `lang`; `{lang near}` for one of an item near the user who asks, so that what
 * passes lies where the answer does. Two gaps of one column get different values where there are any.
 */
export class FilterTemplate {
  readonly text: string;
  readonly #where: string;
  readonly #catalogue: Catalogue;
  readonly #rows: PopularRows;
  /** Text, column, text, column, ..., text. */
  readonly #pieces: readonly (string | Gap)[];

  /**
   * @param where what the errors call it: the scenario's field.
   * @throws HarnessError BAD_INPUT if it names no column of the catalogue.
   */
  constructor(
    text: string,
    {
      where,
      catalogue,
      rows,
    }: { readonly where: string; readonly catalogue: Catalogue; readonly rows: PopularRows },
  ) {
    this.text = text;
    this.#where = where;
    this.#catalogue = catalogue;
    this.#rows = rows;
    this.#pieces = text.split(/\{([A-Za-z0-9_.]*(?: near)?)\}/).map((piece, at) => {
      if (at % 2 === 1) {
        const [name, near] = piece.split(" ");
        return { column: this.#column(name!), isNear: near !== undefined };
      }
      const stray = /[{}]/.exec(piece);
      if (stray === null) return piece;
      throw this.#wrong(`expected {column}, got a stray ${stray[0]}`);
    });
  }

  /** Whether a gap wants a value of an item near the user. */
  get asksNear(): boolean {
    return this.#pieces.some((piece) => typeof piece !== "string" && piece.isNear);
  }

  /**
   * A filter's text with every gap filled; it is bound to the catalogue, so it is known to be good.
   *
   * @param near rows near the user who asks; empty: any item stands for one.
   * @throws HarnessError BAD_INPUT if the filter does not parse or fit the catalogue.
   */
  draw(random: Random, near: ArrayLike<number> = []): string {
    const used = new Set<string>();
    const text = this.#pieces
      .map((piece) => {
        if (typeof piece === "string") return piece;
        return this.#value(piece, used, piece.isNear ? near : [], random);
      })
      .join("");
    try {
      bindFilter(parseFilter(text), this.#catalogue.columns);
    } catch (thrown) {
      const { message, hint } = HarnessError.from(thrown);
      throw this.#wrong(
        `${message}${text === this.text ? "" : ` (in ${JSON.stringify(text)})`}`,
        hint,
      );
    }
    return text;
  }

  #column(name: string): Column {
    const { columns } = this.#catalogue;
    const column = columns.find((candidate) => candidate.name === name);
    if (column !== undefined) return column;
    const names = columns.map((candidate) => candidate.name).join(", ");
    throw this.#wrong(`there is no column "${name}"; there are ${names === "" ? "none" : names}`);
  }

  #value({ column }: Gap, used: Set<string>, near: ArrayLike<number>, random: Random): string {
    let value = "";
    let isNew = false;
    for (let tries = 0; tries < DISTINCT_TRIES && !isNew; tries++) {
      const row = near.length === 0 ? null : near[random.int(near.length)]!;
      // An item near the user may lack a value; so may all of them.
      value =
        (row === null ? null : valueOf(column, row, random)) ?? this.#anyValue(column, random);
      isNew = !used.has(`${column.name} ${value}`);
    }
    used.add(`${column.name} ${value}`);
    return value;
  }

  #anyValue(column: Column, random: Random): string {
    for (let tries = 0; tries < ITEM_TRIES; tries++) {
      const value = valueOf(column, this.#rows.sample(random), random);
      if (value !== null) return value;
    }
    // Few items have a value: take the next one behind a random row.
    const { count } = this.#catalogue;
    const start = random.int(count);
    for (let step = 0; step < count; step++) {
      const value = valueOf(column, (start + step) % count, random);
      if (value !== null) return value;
    }
    throw this.#wrong(`no item has a value in the column "${column.name}"`);
  }

  #wrong(message: string, hint?: string): HarnessError {
    return new HarnessError("BAD_INPUT", `template ${JSON.stringify(this.text)}: ${message}`, {
      where: this.#where,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

/** One of an item's values as a filter writes it; null if it has none. */
function valueOf(column: Column, row: number, random: Random): string | null {
  if (column.kind === "numeric") {
    const value = column.values[row]!;
    return Number.isNaN(value) ? null : shortestFloat32(value);
  }
  const start = column.offsets[row]!;
  const count = column.offsets[row + 1]! - start;
  if (count === 0) return null;
  return printValue(column.vocabulary[column.values[start + random.int(count)]!]!);
}

/** The shortest decimal that rounds to the same float32: 12.3, not 12.300000190734863. */
export function shortestFloat32(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const shortened = Number(value.toPrecision(digits));
    if (Math.fround(shortened) === value) return String(shortened);
  }
  return String(Number(value.toPrecision(9)));
}
