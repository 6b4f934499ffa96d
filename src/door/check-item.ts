import type { LiveItem } from "../retrieval/live-item.ts";
import { HarnessError } from "../errors.ts";

/** What items of a catalogue look like. */
export interface ItemShape {
  readonly dim: number;
  readonly denseDim: number;
  readonly columns: readonly { readonly name: string; readonly kind: "categorical" | "numeric" }[];
}

/**
 * The item with its numbers as the catalogue holds them: float32, no value twice.
 * @param where the item's place, "items[3]".
 * @throws HarnessError BAD_INPUT naming the field, what was expected and what came.
 */
export function checkedItem(item: LiveItem, shape: ItemShape, where: string): LiveItem {
  const wrong = (field: string, expected: string, got: string): HarnessError =>
    new HarnessError("BAD_INPUT", `${where}.${field}: expected ${expected}; got ${got}`, {
      where: `${where}.${field}`,
    });
  const { id, embedding, dense } = item;
  if (!Number.isSafeInteger(id) || id < 0) {
    throw wrong("id", "an integer from 0 to 2^53 - 1", String(id));
  }
  for (const [field, vector, dim] of [
    ["embedding", embedding, shape.dim],
    ["dense", dense, shape.denseDim],
  ] as const) {
    if (vector.length !== dim) throw wrong(field, `${dim} numbers`, String(vector.length));
    if (!vector.every(Number.isFinite)) throw wrong(field, "finite numbers", "one that is not");
  }
  const attributes = new Map<string, readonly string[] | number>();
  for (const [name, value] of item.attributes) {
    const column = shape.columns.find((one) => one.name === name);
    const field = `attributes.${name}`;
    if (column === undefined) {
      const known = shape.columns.map((one) => one.name).join(", ");
      throw wrong(field, `one of ${known}`, name);
    }
    const kind = typeof value === "number" ? "numeric" : "categorical";
    if (kind !== column.kind) throw wrong(field, `a ${column.kind} value`, `a ${kind} one`);
    if (typeof value !== "number") attributes.set(name, [...new Set(value)]);
    else if (!Number.isNaN(value)) attributes.set(name, Math.fround(value));
  }
  // Copies: what came is a view of a message that would be kept whole.
  return { id, embedding: embedding.slice(), dense: dense.slice(), attributes };
}
