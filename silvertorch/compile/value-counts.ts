import type { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";
import type { ColumnRows } from "../eligibility/attribute-index.ts";
import type { Artifact } from "./artifact.ts";

/** Of a numeric column's numbers so many at most are told apart; between them a straight line is drawn. */
const MOST_STEPS = 4096;

/**
 * How common each column's values are: uint32 [values], how many items hold each value of a
 * categorical one; uint32 [steps + 1], how many items hold a number among the lowest 0, 1, .. steps
 * equal parts of the distinct numbers of a numeric one.
 */
export async function addValueCounts(
  file: WeightsFile,
  counts: readonly Uint32Array[],
): Promise<void> {
  for (const [at, of] of counts.entries()) {
    await file.add(countsTensor(at), "uint32", [of.length], of);
  }
}

/** The counts of each column. */
export async function readValueCounts(artifact: Artifact): Promise<Uint32Array[]> {
  const counts: Uint32Array[] = [];
  for (const at of artifact.manifest.columns.keys()) {
    counts.push(new Uint32Array(await artifact.tensor(countsTensor(at))));
  }
  return counts;
}

/** Counts the values of columns. @param entries how each one is indexed. */
export const valueCounts = (
  columns: readonly Column[],
  entries: readonly ColumnRows[],
): Uint32Array[] =>
  columns.map((column, at) => {
    if (column.kind === "categorical") return countsOf(column);
    const entry = entries[at]!;
    if (entry.kind !== "numeric") throw new Error("a numeric column is indexed as one");
    const held = new Float64Array(entry.distinct.length);
    addRanks(held, entry.ranks);
    return stepsOf(held);
  });

/** A plain loop: an iterator takes ten times as long before it is compiled, as in a first fold. */
function addRanks(held: Float64Array, ranks: Int32Array): void {
  for (let item = 0; item < ranks.length; item++) {
    const rank = ranks[item]!;
    if (rank >= 0) held[rank]!++;
  }
}

/** @param held how many items hold each distinct number, ascending. */
export function stepsOf(held: Float64Array): Uint32Array {
  const steps = Math.min(held.length, MOST_STEPS);
  const counts = new Uint32Array(steps + 1);
  let rank = 0;
  let below = 0;
  for (let step = 1; step <= steps; step++) {
    for (const end = Math.floor((step * held.length) / steps); rank < end; rank++) {
      below += held[rank]!;
    }
    counts[step] = Math.round(below);
  }
  return counts;
}

function countsOf({ vocabulary, values }: CategoricalColumn): Uint32Array {
  const counts = new Uint32Array(vocabulary.length);
  for (let at = 0; at < values.length; at++) counts[values[at]!]!++;
  return counts;
}

const countsTensor = (column: number): string => `column.${column}.counts`;
