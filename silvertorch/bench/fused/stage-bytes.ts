import type { SearchBatch } from "../../engine/fused/lane-needs.ts";
import { codeVectors, type SearchShape } from "../../kernels/search/search-shape.ts";
import type { BenchFilter } from "./bench-filters.ts";

/**
 * Bytes that a stage must move at least, with each cluster's tables read once however many lists
 * look into it, and as many clusters looked into as random probes make; null: not told.
 */
export function stageBytes(
  stage: string,
  shape: SearchShape,
  { requests, probes, places }: SearchBatch,
  filter: BenchFilter | null,
): number | null {
  const { clusters, width, dim, heads } = shape;
  const lists = requests * heads;
  const pairs = lists * probes;
  const distinct = clusters * (1 - (1 - 1 / clusters) ** pairs);
  const itemBytes = codeVectors(shape) * 16 + 4;
  switch (stage) {
    case "fused.probe":
      return clusters * dim * 4 + lists * (dim + clusters) * 4;
    case "fused.choose":
      return lists * clusters * 4;
    case "fused.scan.open":
      return distinct * width * itemBytes + pairs * width * 4;
    case "fused.scan.masked": {
      const rows = 1 + (filter === null ? 0 : filter.plan.scan.operands.length);
      const passing = filter?.passing ?? 1;
      return pairs * width * (rows / 8 + passing * (itemBytes + 8));
    }
    case "fused.select":
      return (filter === null ? pairs * width * 4 : 0) + lists * places * 8;
    default:
      return null;
  }
}
