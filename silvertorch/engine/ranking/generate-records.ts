import type { BoundFormula } from "../../../src/retrieval/formula/bind.ts";
import { formulaReads } from "../../compile/formula-columns.ts";
import { WeightsReader } from "../../compile/weights-reader.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid } from "../../device/kernel.ts";
import { PlainRecorder } from "../../device/passes.ts";
import {
  attributeData,
  attributeGroups,
  generatedAttributesKernel,
} from "../../kernels/generated/generated-attributes.ts";
import { uniformOf } from "../fused/device-index.ts";
import { CacheMaker, type CacheOptions } from "./generate-cache.ts";
import { emptyRecords, type RecordChunk } from "./load-records.ts";

export interface GeneratedRecords extends CacheOptions {
  readonly formula: BoundFormula;
}

/**
 * Makes the records of generated items on the device: their vectors from their rows, of these the
 * item's side of the OverArch by its layers, and beside it what the formula reads.
 *
 * @throws HarnessError UNAVAILABLE if the device has no room.
 */
export async function generateRecords(
  device: GpuDevice,
  options: GeneratedRecords,
): Promise<RecordChunk[]> {
  const { items, record } = options;
  const chunks = emptyRecords(device, { record, items: items.items });
  if (record.words === 0) return chunks;
  if (record.attributes.words > 0) await makeAttributes(device, options, chunks);
  if (record.parts.length > 0) {
    await using reader = await WeightsReader.open(options.artifact);
    const cache = await CacheMaker.open(device, reader, options);
    await cache.fill(chunks);
    cache.dispose();
  }
  return chunks;
}

async function makeAttributes(
  device: GpuDevice,
  { items, formula, record }: GeneratedRecords,
  chunks: readonly RecordChunk[],
): Promise<void> {
  const matches = [...formulaReads(formula).matches.values()];
  const data = attributeData(record, matches);
  const code = generatedAttributesKernel(items, record, { data, matches });
  const kernel = await compileKernel(device, "generate-attributes", code);
  const tables = device.bufferOf("generate.tables", data.words);
  for (const { buffer, firstRow, rows } of chunks) {
    const bound = bind(device, kernel, [tables, buffer, uniformOf(device, [firstRow, rows])]);
    device.submit("generate-attributes", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      recorder.run(bound, linearGrid(attributeGroups(rows)));
      recorder.end();
    });
  }
  await device.settle(device.queue.onSubmittedWorkDone());
  device.release(tables);
}
