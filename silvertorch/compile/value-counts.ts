import type { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";
import type { Artifact } from "./artifact.ts";

/** Writes how many items hold each value: uint32 [values] of each categorical column. */
export async function addValueCounts(file: WeightsFile, columns: readonly Column[]): Promise<void> {
  for (const [at, column] of columns.entries()) {
    if (column.kind !== "categorical") continue;
    const counts = countsOf(column);
    await file.add(countsTensor(at), "uint32", [counts.length], counts);
  }
}

/** The counts of each column; of a numeric one nothing. */
export async function readValueCounts(artifact: Artifact): Promise<Uint32Array[]> {
  const counts: Uint32Array[] = [];
  for (const [at, { kind }] of artifact.manifest.columns.entries()) {
    const bytes = kind === "categorical" ? await artifact.tensor(countsTensor(at)) : undefined;
    counts.push(bytes === undefined ? new Uint32Array(0) : new Uint32Array(bytes));
  }
  return counts;
}

function countsOf({ vocabulary, values }: CategoricalColumn): Uint32Array {
  const counts = new Uint32Array(vocabulary.length);
  for (let at = 0; at < values.length; at++) counts[values[at]!]!++;
  return counts;
}

const countsTensor = (column: number): string => `column.${column}.counts`;
