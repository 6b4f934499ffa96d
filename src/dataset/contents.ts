import { join } from "node:path";
import { HarnessError } from "../errors.ts";
import type { CategoricalColumn, Column } from "../retrieval/catalogue.ts";
import type { DatasetParts } from "./dataset.ts";
import {
  columnFile,
  DENSE,
  EMBEDDINGS,
  ITEM_IDS,
  LABELS,
  USER_FEATURES,
  USER_IDS,
} from "./layout.ts";

/**
 * Checks what hashes cannot tell: finite vectors, unique ids, codes inside their vocabulary.
 *
 * @throws HarnessError DATA that names the file, the row, what was expected and what came.
 */
export function checkContents(
  { catalogue, users, labels }: Omit<DatasetParts, "name" | "provenance">,
  folder: string,
): void {
  try {
    checkAll({ catalogue, users, ...(labels === undefined ? {} : { labels }) });
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    throw new HarnessError("DATA", thrown.message, {
      where: join(folder, thrown.file),
      hint: `write the file anew, then \`silverbench dataset build ${folder}\``,
    });
  }
}

/** A fault in a file whose folder is not known here. */
class Fault extends Error {
  readonly file: string;

  constructor(file: string, message: string) {
    super(message);
    this.file = file;
  }
}

const fault = (file: string, message: string): Fault => new Fault(file, message);

function checkAll({ catalogue, users, labels }: Omit<DatasetParts, "name" | "provenance">): void {
  checkIds(users.ids, USER_IDS);
  checkFinite(users.features, users.dim, USER_FEATURES);
  // What was computed a moment ago is what it is.
  if (catalogue.generated !== undefined) return;
  checkIds(catalogue.ids, ITEM_IDS);
  checkFinite(catalogue.embeddings, catalogue.dim, EMBEDDINGS);
  checkFinite(catalogue.dense, catalogue.denseDim, DENSE);
  for (const column of catalogue.columns) checkColumn(column);
  if (labels === undefined) return;
  checkLength("labels of items", labels.items.length, catalogue.count, LABELS);
  checkLength("labels of users", labels.users.length, users.count, LABELS);
}

function checkLength(what: string, actual: number, expected: number, file: string): void {
  if (actual !== expected) throw fault(file, `expected ${expected} ${what}, got ${actual}`);
}

/** Exponent bits all set: infinity or NaN. On integers, since NaN tests on floats are slower. */
const NOT_FINITE = 0x7f800000;

function checkFinite(vectors: Float32Array, dim: number, file: string): void {
  const bits = new Uint32Array(vectors.buffer, vectors.byteOffset, vectors.length);
  for (let at = 0; at < bits.length; at++) {
    if ((bits[at]! & NOT_FINITE) !== NOT_FINITE) continue;
    const row = Math.floor(at / dim);
    throw fault(
      file,
      `row ${row}, dimension ${at - row * dim}: expected a finite number, got ${vectors[at]}`,
    );
  }
}

function checkIds(ids: Float64Array, file: string): void {
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!;
    if (!Number.isSafeInteger(id) || id < 0) {
      throw fault(file, `row ${row}: expected an unsigned integer below 2^53, got ${id}`);
    }
  }
  const sorted = ids.toSorted();
  for (let at = 1; at < sorted.length; at++) {
    if (sorted[at] !== sorted[at - 1]) continue;
    const first = ids.indexOf(sorted[at]!);
    const second = ids.indexOf(sorted[at]!, first + 1);
    throw fault(file, `expected each id once, got ${sorted[at]} in rows ${first} and ${second}`);
  }
}

function checkColumn(column: Column): void {
  if (column.kind === "categorical") {
    checkVocabulary(column);
    checkCodes(column);
    return;
  }
  const infinite = column.values.findIndex((value) => value === Infinity || value === -Infinity);
  if (infinite === -1) return;
  throw fault(
    columnFile(column, "values"),
    `row ${infinite}: expected a finite number, or NaN for none, got ${column.values[infinite]}`,
  );
}

function checkVocabulary(column: CategoricalColumn): void {
  const file = columnFile(column, "vocabulary");
  const codes = new Map<string, number>();
  for (const [code, value] of column.vocabulary.entries()) {
    if (typeof value !== "string")
      throw fault(file, `entry ${code}: expected a text, got ${String(value)}`);
    const first = codes.get(value);
    if (first !== undefined) {
      throw fault(
        file,
        `expected each value once, got ${JSON.stringify(value)} at ${first} and ${code}`,
      );
    }
    codes.set(value, code);
  }
}

function checkCodes(column: CategoricalColumn): void {
  const { offsets, values } = column;
  const offsetsFile = columnFile(column, "offsets");
  if (offsets[0] !== 0) throw fault(offsetsFile, `expected to start with 0, got ${offsets[0]}`);
  const last = offsets.at(-1);
  if (last !== values.length) {
    throw fault(
      offsetsFile,
      `expected to end with ${values.length}, the number of values, got ${last}`,
    );
  }
  for (let row = 0; row + 1 < offsets.length; row++) {
    if (offsets[row + 1]! < offsets[row]!) {
      throw fault(
        offsetsFile,
        `row ${row}: expected offsets that never fall, got ${offsets[row]} then ${offsets[row + 1]}`,
      );
    }
    checkCodesOf(column, row);
  }
}

function checkCodesOf(column: CategoricalColumn, row: number): void {
  const { offsets, values, vocabulary } = column;
  let previous = -1;
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    const code = values[at]!;
    if (code > previous && code < vocabulary.length) {
      previous = code;
      continue;
    }
    const expected =
      code <= previous
        ? `codes that rise, each once, got ${previous} then ${code}`
        : `a code below ${vocabulary.length}, the size of the vocabulary, got ${code}`;
    throw fault(columnFile(column, "values"), `row ${row}: expected ${expected}`);
  }
}
