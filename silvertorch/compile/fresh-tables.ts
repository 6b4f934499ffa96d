import type { Column } from "../../src/retrieval/catalogue.ts";
import { bindFormula } from "../../src/retrieval/formula/bind.ts";
import { withMatched } from "../../src/retrieval/formula/matched.ts";
import { parseFormula } from "../../src/retrieval/formula/parse.ts";
import {
  DEFAULT_MLP,
  DEFAULT_MOL,
  tasksOf,
  type ModelSpec,
} from "../../src/retrieval/model-spec.ts";
import type { FreshTable, FreshTables } from "../graph/fresh-ranking.ts";
import { formulaReads } from "./formula-columns.ts";

/** Name and kind of a catalogue's columns, in their order. */
export type ColumnOutlines = readonly Pick<Column, "name" | "kind">[];

/**
 * What a model ranks fresh items by. It follows from the spec alone, so that graph, engine and
 * whoever takes upserts agree on it.
 *
 * @throws HarnessError BAD_INPUT where the formula speaks of what is not there.
 */
export function freshTables(spec: ModelSpec, outlines: ColumnOutlines): FreshTables {
  const columns = namedColumns(spec, outlines);
  const formula = bindFormula(parseFormula(spec.value), { tasks: tasksOf(spec), columns });
  const read = formulaReads(formula);
  const numbers = Array.from(read.columns, (column): [number, FreshTable] => [
    column,
    { name: `fresh_column.${column}`, type: "float32", width: null },
  ]);
  const matches = Array.from(read.matches.keys(), (key, place): [string, FreshTable] => [
    key,
    { name: `fresh_match.${place}`, type: "bool", width: null },
  ]);
  return {
    cache: cacheTables(spec),
    formula,
    numbers: new Map(numbers),
    matches: new Map(matches),
  };
}

/** All of them, in the order in which records hold them. */
export const allTables = ({ cache, numbers, matches }: FreshTables): readonly FreshTable[] => [
  ...cache,
  ...numbers.values(),
  ...matches.values(),
];

/** Columns without items, whose values are those that the formula names. */
export function namedColumns({ value }: ModelSpec, outlines: ColumnOutlines): Column[] {
  const columns = outlines.map(({ name, kind }): Column =>
    kind === "numeric"
      ? { kind, name, values: new Float32Array(0) }
      : { kind, name, vocabulary: [], offsets: new Uint32Array(1), values: new Uint32Array(0) },
  );
  return withMatched(columns, parseFormula(value));
}

function cacheTables(spec: ModelSpec): FreshTable[] {
  switch (spec.overarch) {
    case "none":
      return [];
    case "mol": {
      const { userGroups, itemGroups, dim } = spec.mol ?? DEFAULT_MOL;
      const gates = tasksOf(spec).length * userGroups * itemGroups;
      return [
        { name: "fresh_components", type: "float32", width: itemGroups * dim },
        { name: "fresh_gates", type: "float32", width: gates },
      ];
    }
    case "mlp": {
      const [width] = (spec.mlp ?? DEFAULT_MLP).hidden;
      return [{ name: "fresh_hidden", type: "float32", width: width! }];
    }
  }
}
