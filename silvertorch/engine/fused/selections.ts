import type { GpuDevice } from "../../device/gpu-device.ts";
import { compileKernel, type Kernel } from "../../device/kernel.ts";
import { freshSource, freshTarget } from "../../kernels/ranking/fresh-scores.ts";
import type { SearchShape } from "../../kernels/search/search-shape.ts";
import {
  selectBestKernel,
  selectionBytes,
  type SelectOptions,
} from "../../kernels/search/select-best.ts";
import {
  candidatesTarget,
  centroidSource,
  listsTarget,
  probesTarget,
  refinedSource,
  scanSource,
} from "../../kernels/search/select-ends.ts";

/**
 * What is selected: probes of centroids; candidates or lists of what was scanned; lists of the refined;
 * fresh items that come among an answer.
 */
export type Selected = "probes" | "candidates" | "lists" | "refined" | "fresh";

/** A kernel that selects. */
export interface Selection {
  readonly kernel: Kernel;
  /** Entries of each list that it holds in a buffer; 0: they are held in workgroup memory. */
  readonly heldInBuffer: number;
}

/** What tests and benchmarks may try otherwise than is usual. */
export interface SearchTuning {
  /** Threads of a selection that holds more than the fewest entries in workgroup memory; absent: as is usual. */
  readonly selectThreads?: number | undefined;
  /** Bytes of workgroup memory for what a selection holds; absent: what the device has. */
  readonly workgroupBytes?: number;
}

/** The fewest that are held. */
const SHORTEST = 256;
/**
 * Threads: more of them wait less for memory, fewer leave room for another list's. On an H100, 256,
 * 512 and 1,024 took 37, 29 and 26 us for one list, 48, 36 and 30 us for 64, and 194, 165 and 181 us
 * for 1,024, of 58,000 entries each, of which 1,024 are wanted.
 */
const USUAL_THREADS = 512;
const MOST_THREADS = 1024;
/** A processor that plays a GPU runs them in turn, from barrier to barrier. */
const SOFTWARE_THREADS = 16;
/** Lists up to which each has a multiprocessor to itself. */
const FEW_LISTS = 128;

type Ends = Pick<SelectOptions, "source" | "target">;
type Size = Pick<SelectOptions, "capacity" | "threads" | "held">;

/** The kernels that select, each compiled when first asked for. */
export class Selections {
  readonly #device: GpuDevice;
  readonly #ends: Partial<Record<Selected, Ends>>;
  readonly #tuning: SearchTuning;
  readonly #compiled = new Map<string, Promise<Selection>>();

  constructor(
    device: GpuDevice,
    shape: SearchShape,
    {
      isClustered,
      isRefined,
      tuning,
    }: {
      readonly isClustered: boolean;
      readonly isRefined: boolean;
      readonly tuning: SearchTuning;
    },
  ) {
    const lists = { source: scanSource(shape, "row"), target: listsTarget };
    const candidates = { source: scanSource(shape, "position"), target: candidatesTarget };
    const refined = { source: refinedSource, target: listsTarget };
    this.#device = device;
    this.#tuning = tuning;
    this.#ends = {
      ...(isClustered
        ? { probes: { source: centroidSource(shape), target: probesTarget(shape) } }
        : {}),
      ...(isRefined ? { candidates, refined } : { lists }),
      fresh: { source: freshSource, target: freshTarget },
    };
  }

  /**
   * @param many how many are wanted of a list.
   * @param lists how many of these there are at most.
   */
  of(what: Selected, many: number, lists: number): Promise<Selection> {
    const size = this.#size(many, lists);
    const label = `select.${what}.${size.capacity}.${size.threads}`;
    const known =
      this.#compiled.get(label) ?? this.#compile(label, { ...this.#ends[what]!, ...size });
    this.#compiled.set(label, known);
    return known;
  }

  async #compile(label: string, options: SelectOptions): Promise<Selection> {
    return {
      kernel: await compileKernel(this.#device, label, selectBestKernel(options)),
      heldInBuffer: options.held === "buffer" ? options.capacity : 0,
    };
  }

  /** Half as many again as are wanted, in workgroup memory if it has room for them. */
  #size(many: number, lists: number): Size {
    const { maxComputeWorkgroupStorageSize } = this.#device.limits;
    const room = this.#tuning.workgroupBytes ?? maxComputeWorkgroupStorageSize;
    const inWorkgroup = (capacity: number): Size => {
      const usual = lists <= FEW_LISTS ? MOST_THREADS : USUAL_THREADS;
      const { selectThreads = usual } = this.#tuning;
      const threads = this.#threads(capacity === SHORTEST ? SHORTEST : selectThreads);
      return { capacity, threads, held: "workgroup" };
    };
    let capacity = SHORTEST;
    while (capacity < 1.5 * many && selectionBytes(inWorkgroup(2 * capacity)) <= room)
      capacity *= 2;
    if (capacity >= many) return inWorkgroup(capacity);
    while (capacity < 1.25 * many) capacity *= 2;
    return { capacity, threads: this.#threads(MOST_THREADS), held: "buffer" };
  }

  #threads(wished: number): number {
    const { limits, adapter } = this.#device;
    const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX } = limits;
    const most = adapter.isSoftware ? SOFTWARE_THREADS : MOST_THREADS;
    return Math.min(wished, most, maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX);
  }
}
