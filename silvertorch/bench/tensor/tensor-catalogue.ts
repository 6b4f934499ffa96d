import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid } from "../../device/kernel.ts";
import { PlainRecorder } from "../../device/passes.ts";
import { uniformOf } from "../../engine/fused/device-index.ts";
import {
  SYNTHETIC_WORDS,
  syntheticGroups,
  syntheticWord,
} from "../../kernels/search/synthetic-tables.ts";
import { BLOCK, DIM, QUERY_VECTORS } from "./scan-form.ts";

const ITEMS_SEED = 31;
const QUERIES_SEED = 37;
const WORDS = DIM / 4;

/** Items and queries of random codes that the host can compute, too. */
export interface TensorCatalogue {
  readonly items: number;
  readonly codes: GPUBuffer;
  readonly scales: GPUBuffer;
  readonly queries: GPUBuffer;
}

/** Items are made on the device. */
export async function tensorCatalogue(
  device: GpuDevice,
  items: number,
  queries: number,
): Promise<TensorCatalogue> {
  const codes = device.buffer("codes", items * DIM);
  const kernel = await compileKernel(device, "synthetic-words", SYNTHETIC_WORDS);
  const extent = uniformOf(device, [ITEMS_SEED, items * WORDS, 0, 1]);
  const bound = bind(device, kernel, [codes, extent]);
  device.submit("fill", (encoder) => {
    const recorder = new PlainRecorder(encoder);
    recorder.run(bound, linearGrid(syntheticGroups(items * WORDS)));
    recorder.end();
  });
  const rows = new Uint32Array(queries * QUERY_VECTORS * 4);
  const steps = new Float32Array(rows.buffer);
  for (let query = 0; query < queries; query++) {
    const first = query * QUERY_VECTORS * 4;
    for (let word = 0; word < WORDS; word++) {
      rows[first + word] = syntheticWord(query * WORDS + word, QUERIES_SEED);
    }
    steps[first + WORDS] = stepOf(query);
  }
  return {
    items,
    codes,
    scales: device.bufferOf(
      "scales",
      Float32Array.from({ length: items }, (_, at) => scaleOf(at)),
    ),
    queries: device.bufferOf("queries", rows),
  };
}

/** What a code of 1 of an item stands for; negative: there is no item. */
const scaleOf = (item: number): number =>
  item % 1009 === 7 ? -1 : Math.fround((1 + (item % 97) / 97) / 127);

const stepOf = (query: number): number => Math.fround((1 + (query % 13) / 13) / 127);

const codesOf = (at: number, seed: number): Int8Array =>
  new Int8Array(
    Uint32Array.from({ length: WORDS }, (_, word) => syntheticWord(at * WORDS + word, seed)).buffer,
  );

/** Scores of a block's items with a query; of one that is not there -Infinity. */
export function scoresOf(block: number, query: number): number[] {
  const wanted = codesOf(query, QUERIES_SEED);
  return Array.from({ length: BLOCK }, (_, within) => {
    const item = block * BLOCK + within;
    const scale = scaleOf(item);
    if (scale < 0) return Number.NEGATIVE_INFINITY;
    const sum = codesOf(item, ITEMS_SEED).reduce((all, code, d) => all + code * wanted[d]!, 0);
    return sum * scale * stepOf(query);
  });
}
