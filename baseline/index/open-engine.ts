import type { RowRange } from "../row-range.ts";
import { ClusterProbe } from "./cluster-probe.ts";
import { ExactScan } from "./exact-scan.ts";
import { type GraphSettings, HnswGraph } from "./hnsw.ts";
import { Int8Scorer, type Int8Table } from "./int8-table.ts";
import type { InvertedLists } from "./inverted-lists.ts";
import { SearchEngine } from "./search-engine.ts";
import type { NearRows } from "./search-job.ts";
import { RowScorer, type VectorTable } from "./vector-table.ts";

/** What a thread searches; it can be handed over to a worker. */
export interface SearchedData {
  readonly table: VectorTable;
  /** The same rows, coarser; null: the index looks at them in full. */
  readonly int8: Int8Table | null;
  /** Of the kinds of index that have one; null otherwise. */
  readonly graphFile: string | null;
  readonly lists: InvertedLists | null;
  /** Which of the catalogue's rows the table holds; null: all. */
  readonly range: RowRange | null;
  readonly settings: GraphSettings;
  /** Which of so many shards this is: new rows belong to the shard they are congruent to. */
  readonly shard: number;
  readonly shards: number;
  /** Rows of all shards together, as they were built. */
  readonly builtRows: number;
}

/** An engine for one thread. @param slot Which of the table's scorers it has. */
export function openEngine(data: SearchedData, slot: number): SearchEngine {
  const { table, range, settings, shard, shards, builtRows } = data;
  const scan = new ExactScan(new RowScorer(table, slot));
  return new SearchEngine({
    range,
    near: openNear(data, slot, scan),
    scan,
    items: table.count,
    dim: table.dim,
    settings,
    isOwn: (row) => row >= builtRows && row % shards === shard,
  });
}

function openNear(data: SearchedData, slot: number, scan: ExactScan): NearRows {
  const { table, int8, graphFile, lists, settings } = data;
  if (graphFile !== null) return HnswGraph.view(graphFile, table.dim, settings);
  if (lists === null) return null;
  const coarse = int8 === null ? null : new ExactScan(new Int8Scorer(int8, slot));
  return new ClusterProbe(lists, scan, coarse);
}
