import type { GpuDevice } from "../../device/gpu-device.ts";
import { compileKernel, type Kernel } from "../../device/kernel.ts";
import { centroidKeysKernel } from "../../kernels/search/centroid-keys.ts";
import {
  countPairsKernel,
  sortPairsKernel,
  startsOfBucketsKernel,
} from "../../kernels/search/group-pairs.ts";
import { locateExcludedKernel } from "../../kernels/search/locate-excluded.ts";
import { maskedScanKernel } from "../../kernels/search/masked-scan.ts";
import { openScanKernel } from "../../kernels/search/open-scan.ts";
import { quantiseQueriesKernel } from "../../kernels/search/quantise-queries.ts";
import { refineCandidatesKernel } from "../../kernels/search/refine-candidates.ts";
import type { SearchShape, WorkOrder } from "../../kernels/search/search-shape.ts";
import { selectBestKernel, type SelectOptions } from "../../kernels/search/select-best.ts";
import {
  candidatesTarget,
  centroidSource,
  listsTarget,
  probesTarget,
  refinedSource,
  scanSource,
} from "../../kernels/search/select-ends.ts";
import type { DeviceIndex } from "./device-index.ts";

/** What is selected: probes of centroids; candidates or lists of what was scanned; lists of the refined. */
export type Selected = "probes" | "candidates" | "lists" | "refined";
export type Selections = Readonly<Partial<Record<Selected, Kernel>>>;
export type Orders = Readonly<Partial<Record<WorkOrder, Kernel>>>;

/** The kernels that an index needs; without clusters nothing is probed, without vectors not refined. */
export interface SearchKernels {
  readonly quantise: Kernel;
  readonly locate: Kernel;
  readonly openScan: Orders;
  readonly maskedScan: Orders;
  readonly probing: ProbingKernels | null;
  readonly refine: Kernel | null;
  /** Selections that hold their entries in workgroup memory: at most `shortest`. */
  readonly select: Selections;
  readonly shortest: number;
  /** Selections that hold up to `LONG_SELECTION` in a buffer; compiled when first asked for. */
  readonly selectLong: () => Promise<Selections>;
}

interface ProbingKernels {
  readonly centroidKeys: Kernel;
  readonly countPairs: Kernel;
  readonly startsOfBuckets: Kernel;
  readonly sortPairs: Kernel;
}

/** Entries that a long selection holds: more than 10,000 and a quarter. */
export const LONG_SELECTION = 16_384;

/** Compiles the kernels of the search. */
export async function searchKernels(
  device: GpuDevice,
  { shape, centroids, vectors }: Pick<DeviceIndex, "shape" | "centroids" | "vectors">,
): Promise<SearchKernels> {
  const isClustered = centroids !== null;
  const isRefined = vectors.length > 0;
  const orders: WorkOrder[] = isClustered ? ["byQuery", "byCluster", "all"] : ["all"];
  const scans = async (
    name: string,
    code: (shape: SearchShape, order: WorkOrder) => string,
  ): Promise<Orders> => {
    const kernels = orders.map(async (order) => {
      return [order, await compileKernel(device, `${name}.${order}`, code(shape, order))] as const;
    });
    return Object.fromEntries(await Promise.all(kernels));
  };
  const ends = selectionEnds(shape, { isClustered, isRefined });
  const shortest = shortSelection(device);
  const held = (kind: SelectOptions["held"], capacity: number): Promise<Selections> =>
    selections(device, ends, { threads: selectThreads(device), capacity, held: kind });
  let long: Promise<Selections> | null = null;
  return {
    quantise: await compileKernel(device, "quantise", quantiseQueriesKernel(shape)),
    locate: await compileKernel(device, "locate-excluded", locateExcludedKernel(shape)),
    openScan: await scans("open-scan", openScanKernel),
    maskedScan: await scans("masked-scan", maskedScanKernel),
    probing: isClustered ? await probingKernels(device, shape) : null,
    refine: isRefined
      ? await compileKernel(device, "refine", refineCandidatesKernel(shape))
      : null,
    select: await held("workgroup", shortest),
    shortest,
    selectLong: () => (long ??= held("buffer", LONG_SELECTION)),
  };
}

async function probingKernels(device: GpuDevice, shape: SearchShape): Promise<ProbingKernels> {
  return {
    centroidKeys: await compileKernel(device, "centroid-keys", centroidKeysKernel(shape)),
    countPairs: await compileKernel(device, "count-pairs", countPairsKernel(shape)),
    startsOfBuckets: await compileKernel(device, "starts-of-buckets", startsOfBucketsKernel(shape)),
    sortPairs: await compileKernel(device, "sort-pairs", sortPairsKernel(shape)),
  };
}

type Ends = Pick<SelectOptions, "source" | "target">;

function selectionEnds(
  shape: SearchShape,
  { isClustered, isRefined }: { readonly isClustered: boolean; readonly isRefined: boolean },
): Partial<Record<Selected, Ends>> {
  const probes = { source: centroidSource(shape), target: probesTarget };
  const lists = { source: scanSource(shape, "row"), target: listsTarget };
  const candidates = { source: scanSource(shape, "position"), target: candidatesTarget };
  const refined = { source: refinedSource, target: listsTarget };
  return { ...(isClustered ? { probes } : {}), ...(isRefined ? { candidates, refined } : { lists }) };
}

async function selections(
  device: GpuDevice,
  ends: Partial<Record<Selected, Ends>>,
  options: Omit<SelectOptions, keyof Ends>,
): Promise<Selections> {
  const kernels = Object.entries(ends).map(async ([name, each]) => {
    const code = selectBestKernel({ ...each, ...options });
    return [name, await compileKernel(device, `select.${name}.${options.held}`, code)] as const;
  });
  return Object.fromEntries(await Promise.all(kernels));
}

function selectThreads({ limits }: GpuDevice): number {
  const { maxComputeInvocationsPerWorkgroup: most, maxComputeWorkgroupSizeX: widest } = limits;
  return Math.min(1024, most, widest);
}

/** What fits into workgroup memory beside bins and sums, a power of two. */
function shortSelection({ limits }: GpuDevice): number {
  const room = limits.maxComputeWorkgroupStorageSize - 4096;
  return Math.min(4096, 2 ** Math.floor(Math.log2(room / 8)));
}
