import { Random } from "../../../src/math/random.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, type Kernel } from "../../device/kernel.ts";
import { StageTimer } from "../../device/passes.ts";
import { uniformOf } from "../../engine/fused/device-index.ts";
import { median } from "../fused/in-flight.ts";
import { BLOCK, ITEMS_AT_ONCE, type Output, type ScanForm } from "./scan-form.ts";
import { scoresOf, type TensorCatalogue } from "./tensor-catalogue.ts";

/** Results of a part at most: what is larger than any cache, and fits a binding. */
const RESULT_BYTES = 2 ** 30;
/** Blocks of a query that are compared with the host's. */
const SAMPLES = 64;
/** Runs that are not counted last at least so long: a card that idled takes a while to its full clock. */
const WARM_MS = 300;
const RUNS = 11;

export interface ScanTime {
  readonly ms: number;
  readonly checked: number;
}

/** Scans of one catalogue, part by part where there are more results than a buffer holds. */
export class ScanTrial {
  readonly #device: GpuDevice;
  readonly #catalogue: TensorCatalogue;

  constructor(device: GpuDevice, catalogue: TensorCatalogue) {
    this.#device = device;
    this.#catalogue = catalogue;
  }

  /**
   * Checks a kernel's results by the host's and times it.
   * @throws Error if they are not the host's, saying which and by how much.
   */
  async run(kernel: Kernel, form: ScanForm, output: Output, queries: number): Promise<ScanTime> {
    const device = this.#device;
    const { items, codes, scales, queries: rows } = this.#catalogue;
    const partItems = itemsOfPart(items, output, queries);
    const bytes = resultBytes(output, partItems, queries);
    const results = device.buffer("results", bytes);
    const extents = Array.from({ length: items / partItems }, (_, part) =>
      uniformOf(device, [part * partItems, partItems, queries, 0]),
    );
    const bound = extents.map((extent) =>
      bind(device, kernel, [codes, scales, rows, results, extent]),
    );
    const timer = new StageTimer(device);
    const once = async (): Promise<number> => {
      device.submit("scan", (encoder) => {
        const recorder = timer.record(encoder);
        recorder.stage("scan");
        for (const part of bound) recorder.run(part, [partItems / form.itemsAGroup]);
        recorder.end();
        timer.resolve(encoder);
      });
      return (await timer.read())[0]!.ms;
    };
    try {
      device.submit("clear", (encoder) => encoder.clearBuffer(results));
      await once();
      const firstBlock = (items - partItems) / BLOCK;
      const checked = await this.#check(results, { output, queries, partItems, firstBlock });
      const warmMs = performance.now();
      while (!device.adapter.isSoftware && performance.now() - warmMs < WARM_MS) await once();
      const times: number[] = [];
      for (let n = 0; n < (device.adapter.isSoftware ? 1 : RUNS); n++) times.push(await once());
      return { ms: median(times), checked };
    } finally {
      timer.dispose();
      for (const buffer of [results, ...extents]) device.release(buffer);
    }
  }

  async #check(
    results: GPUBuffer,
    { output, queries, partItems, firstBlock }: Layout,
  ): Promise<number> {
    const device = this.#device;
    const random = new Random(7);
    const blocks = partItems / BLOCK;
    const samples = Array.from({ length: SAMPLES }, (_, n) => ({
      block: n === 0 ? 0 : n === 1 ? blocks - 1 : random.int(blocks),
      query: n === 0 ? 0 : n === 1 ? queries - 1 : random.int(queries),
    }));
    const words = output === "scores" ? BLOCK : 1;
    const sampled = device.buffer("sampled", SAMPLES * words * 4);
    device.submit("sample", (encoder) => {
      for (const [at, { block, query }] of samples.entries()) {
        const from =
          output === "scores" ? query * partItems + block * BLOCK : block * queries + query;
        encoder.copyBufferToBuffer(results, from * 4, sampled, at * words * 4, words * 4);
      }
    });
    const found = new Uint32Array(await device.read(sampled, SAMPLES * words * 4));
    device.release(sampled);
    for (const [at, { block, query }] of samples.entries()) {
      const scores = scoresOf(firstBlock + block, query);
      const wanted = output === "scores" ? scores : [Math.max(...scores)];
      const got = [...found.subarray(at * words, (at + 1) * words)].map(scoreOfKey);
      const wrong = wanted.findIndex((score, n) => !isNear(score, got[n]!));
      if (wrong >= 0) {
        throw new Error(
          `block ${block}, query ${query}: the host has ${shown(wanted)}, the device ${shown(got)} (at ${wrong})`,
        );
      }
    }
    return SAMPLES * words;
  }
}

interface Layout {
  readonly output: Output;
  readonly queries: number;
  readonly partItems: number;
  readonly firstBlock: number;
}

const itemsOfPart = (items: number, output: Output, queries: number): number => {
  let part = items;
  while (resultBytes(output, part, queries) > RESULT_BYTES && part % (2 * ITEMS_AT_ONCE) === 0)
    part /= 2;
  return part;
};

/** Bytes that a scan writes. */
export const resultBytes = (output: Output, items: number, queries: number): number =>
  (output === "scores" ? items : items / BLOCK) * queries * 4;

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

function scoreOfKey(key: number): number {
  if (key === 0) return Number.NEGATIVE_INFINITY;
  words[0] = key >= 0x8000_0000 ? key & 0x7fff_ffff : ~key;
  return floats[0]!;
}

const isNear = (wanted: number, found: number): boolean =>
  wanted === found || Math.abs(wanted - found) <= 1e-5 * Math.abs(wanted);

const shown = (scores: readonly number[]): string =>
  scores
    .slice(0, 4)
    .map((score) => score.toFixed(3))
    .join(" ");
