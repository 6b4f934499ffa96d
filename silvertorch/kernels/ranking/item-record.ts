import { attributeRecord, type AttributeRecord } from "./attribute-record.ts";
import type { FormulaReads } from "../../compile/formula-columns.ts";

/** How the numbers of an OverArch's item side are kept. */
export type CachePrecision = "float32" | "float16";

/** Numbers of an item in its record: groups, each filled up with zeros to whole loads. */
export interface RecordPart extends PartShape {
  /** First word in the record, a multiple of 4. */
  readonly at: number;
  /** Words of a group, a multiple of 4. */
  readonly words: number;
}

/**
 * All that is read of an item once it is a candidate, side by side in its record of 32-bit words:
 * its part of the OverArch (the embedding cache), then its attributes. So a candidate costs one
 * stretch of memory.
 */
export interface ItemRecord {
  /** A multiple of 4, for a record is read four words at a time; 0: nothing is read. */
  readonly words: number;
  readonly parts: readonly RecordPart[];
  readonly attributes: AttributeRecord;
}

/** What a part is made of. */
export interface PartShape {
  readonly groups: number;
  /** Numbers of a group. */
  readonly length: number;
  readonly precision: CachePrecision;
  /** Whether the first load of all groups comes before the second of any. */
  readonly interleaved: boolean;
}

/** Lays out parts one after the other, and what a formula reads behind them. */
export function itemRecord(shapes: readonly PartShape[], reads: FormulaReads): ItemRecord {
  const parts: RecordPart[] = [];
  let at = 0;
  for (const shape of shapes) {
    const words = 4 * Math.ceil(shape.length / numbersOfLoad(shape.precision));
    parts.push({ ...shape, at, words });
    at += shape.groups * words;
  }
  const attributes = attributeRecord(reads, at);
  return { words: 4 * Math.ceil((at + attributes.words) / 4), parts, attributes };
}

/** Numbers in four words. */
export const numbersOfLoad = (precision: CachePrecision): number =>
  precision === "float32" ? 4 : 8;

/** The numbers of four words of `records`, as one or two vectors of WGSL. */
export function quadsOfLoad(precision: CachePrecision, load: string): readonly string[] {
  if (precision === "float32") return [`bitcast<vec4<f32>>(${load})`];
  return [`half_quad(${load}, 0u)`, `half_quad(${load}, 1u)`];
}

/** WGSL: four of the eight numbers of half precision in four words. */
export const HALF_QUAD = /* wgsl */ `
fn half_quad(load: vec4<u32>, half: u32) -> vec4<f32> {
  let words = select(load.xy, load.zw, half == 1u);
  return vec4(unpack2x16float(words.x), unpack2x16float(words.y));
}
`;
