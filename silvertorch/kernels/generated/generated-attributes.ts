import { setBit, wordsFor } from "../../../src/math/bit-words.ts";
import { GENERATED_COLUMNS, SLICES } from "../../../src/retrieval/generated/generated-columns.ts";
import type { GeneratedItems } from "../../../src/retrieval/generated/generated-items.ts";
import type { BoundMatch } from "../../../src/retrieval/filter/bind.ts";
import { LINEAR_WORKGROUP } from "../../device/kernel.ts";
import type { ItemRecord } from "../ranking/item-record.ts";
import { ATTRIBUTE_TEXT, attributeTables } from "./attribute-text.ts";
import { itemText } from "./item-text.ts";

const THREADS = 256;

/** What the kernel reads beside an item's row: tables, numbers of numeric columns, codes of matches. */
export interface AttributeData {
  readonly words: Uint32Array<ArrayBuffer>;
  /** First word of each numeric column's distinct numbers, by its position. */
  readonly numbersAt: ReadonlyMap<number, number>;
  /** First word of each match's bits, one a code of its column. */
  readonly matchesAt: readonly number[];
}

/** Lays out what a record's attributes take. */
export function attributeData(
  { attributes }: ItemRecord,
  matches: readonly BoundMatch[],
): AttributeData {
  const pieces: Uint32Array[] = [attributeTables()];
  let next = GENERATED_COLUMNS.length * SLICES;
  const add = (piece: Uint32Array): number => {
    pieces.push(piece);
    next += piece.length;
    return next - piece.length;
  };
  const numbersAt = new Map<number, number>();
  for (const column of attributes.numbers.keys()) {
    const { values } = GENERATED_COLUMNS[column]!;
    if (values.kind === "numeric")
      numbersAt.set(column, add(new Uint32Array(values.distinct.buffer)));
  }
  const matchesAt = matches.map(({ column, codes }) => {
    const { values } = GENERATED_COLUMNS[column]!;
    const many = values.kind === "categorical" ? values.vocabulary.length : 1;
    const bits = new Uint32Array(wordsFor(many));
    for (const code of codes) setBit(bits, code);
    return add(bits);
  });
  const words = new Uint32Array(next);
  let at = 0;
  for (const piece of pieces) {
    words.set(piece, at);
    at += piece.length;
  }
  return { words, numbersAt, matchesAt };
}

/**
 * What a formula reads of generated items, into their records (attribute-record.ts).
 *
 * Bindings: 0 tables u32 (`AttributeData`), 1 records u32 [rows, words] of the chunk, 2 part
 * (uniform): its first row, rows. Workgroups: linear, an item a thread.
 */
export function generatedAttributesKernel(
  items: GeneratedItems,
  { words, attributes }: ItemRecord,
  { data, matches }: { readonly data: AttributeData; readonly matches: readonly BoundMatch[] },
): string {
  const flags = matches.map(({ column }, bit) => {
    const word = `flags${bit >> 5}`;
    return `if (has(attribute_of(key, ${column}u), ${data.matchesAt[bit]}u)) { ${word} |= ${2 ** (bit & 31)}u; }`;
  });
  const numbers = [...attributes.numbers].map(
    ([column, nth]) =>
      `records[first + ${nth}u] = number(attribute_of(key, ${column}u).x, ${data.numbersAt.get(column)!}u);`,
  );
  return /* wgsl */ `
${itemText(items)}
@group(0) @binding(0) var<storage, read> tables: array<u32>;
@group(0) @binding(1) var<storage, read_write> records: array<u32>;
@group(0) @binding(2) var<uniform> part: vec4<u32>;
${ATTRIBUTE_TEXT}
fn holds(code: u32, bits: u32) -> bool {
  return code != NO_CODE && ((tables[bits + min(code, 0xfffeu) / 32u] >> (code & 31u)) & 1u) != 0u;
}
fn has(codes: vec2<u32>, bits: u32) -> bool { return holds(codes.x, bits) || holds(codes.y, bits); }
fn number(rank: u32, distinct: u32) -> u32 {
  if (rank == NO_CODE) { return 0x7fc00000u; }
  return tables[distinct + rank];
}

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = (${LINEAR_WORKGROUP}) * ${THREADS}u + thread;
  if (place >= part.y) { return; }
  let key = item_key(part.x + place);
  let first = place * ${words}u + ${attributes.at}u;
  ${Array.from({ length: attributes.flagWords }, (_, word) => `var flags${word} = 0u;`).join("\n  ")}
  ${flags.join("\n  ")}
  ${Array.from({ length: attributes.flagWords }, (_, word) => `records[first + ${word}u] = flags${word};`).join("\n  ")}
  ${numbers.join("\n  ")}
}
`;
}

/** Workgroups for the attributes of so many items. */
export const attributeGroups = (items: number): number => Math.ceil(items / THREADS);
