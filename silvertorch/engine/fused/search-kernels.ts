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
export type Orders = Readonly<Partial<Record<WorkOrder, Kernel>>>;

/** The kernels that an index needs; without clusters nothing is probed, without vectors not refined. */
export interface SearchKernels {
  readonly quantise: Kernel;
  readonly locate: Kernel;
  readonly openScan: Orders;
  readonly maskedScan: Orders;
  readonly probing: ProbingKernels | null;
  readonly refine: Kernel | null;
  /** The kernel that selects so many, compiled when first asked for. */
  readonly selection: (what: Selected, many: number) => Promise<Selection>;
}

/** A kernel that selects, and what it holds its entries in: a buffer of `LONG_SELECTION` each. */
export interface Selection {
  readonly kernel: Kernel;
  readonly isLong: boolean;
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
  const compiled = new Map<string, Promise<Selection>>();
  const selection = (what: Selected, many: number): Promise<Selection> => {
    const capacity = selectionCapacity(device, many);
    const threads = selectThreads(device, capacity);
    const label = `select.${what}.${capacity}`;
    const known =
      compiled.get(label) ?? compileSelection(device, label, { ...ends[what]!, capacity, threads });
    compiled.set(label, known);
    return known;
  };
  return {
    quantise: await compileKernel(device, "quantise", quantiseQueriesKernel(shape)),
    locate: await compileKernel(device, "locate-excluded", locateExcludedKernel(shape)),
    openScan: await scans("open-scan", openScanKernel),
    maskedScan: await scans("masked-scan", maskedScanKernel),
    probing: isClustered ? await probingKernels(device, shape) : null,
    refine: isRefined ? await compileKernel(device, "refine", refineCandidatesKernel(shape)) : null,
    selection,
  };
}

async function probingKernels(device: GpuDevice, shape: SearchShape): Promise<ProbingKernels> {
  return {
    centroidKeys: await compileKernel(device, "centroid-keys", centroidKeysKernel(shape)),
    countPairs: await compileKernel(device, "count-pairs", countPairsKernel(shape)),
    startsOfBuckets: await compileKernel(
      device,
      "starts-of-buckets",
      startsOfBucketsKernel(shape, prefixThreads(device)),
    ),
    sortPairs: await compileKernel(device, "sort-pairs", sortPairsKernel(shape)),
  };
}

const prefixThreads = ({ limits }: GpuDevice): number =>
  Math.min(1024, limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);

type Ends = Pick<SelectOptions, "source" | "target">;

function selectionEnds(
  shape: SearchShape,
  { isClustered, isRefined }: { readonly isClustered: boolean; readonly isRefined: boolean },
): Partial<Record<Selected, Ends>> {
  const probes = { source: centroidSource(shape), target: probesTarget };
  const lists = { source: scanSource(shape, "row"), target: listsTarget };
  const candidates = { source: scanSource(shape, "position"), target: candidatesTarget };
  const refined = { source: refinedSource, target: listsTarget };
  return {
    ...(isClustered ? { probes } : {}),
    ...(isRefined ? { candidates, refined } : { lists }),
  };
}

async function compileSelection(
  device: GpuDevice,
  label: string,
  { source, target, capacity, threads }: Omit<SelectOptions, "held">,
): Promise<Selection> {
  const isLong = capacity === LONG_SELECTION;
  const code = selectBestKernel({
    source,
    target,
    threads,
    capacity,
    held: isLong ? "buffer" : "workgroup",
  });
  return { kernel: await compileKernel(device, label, code), isLong };
}

/** The fewest that are held. */
const SHORTEST = 256;

/** Half as many again as are wanted, if workgroup memory holds them beside bins and sums. */
function selectionCapacity({ limits }: GpuDevice, many: number): number {
  const room = limits.maxComputeWorkgroupStorageSize - 4096;
  const most = 2 ** Math.floor(Math.log2(room / 8));
  if (many > most) return LONG_SELECTION;
  return Math.min(most, Math.max(SHORTEST, 2 ** Math.ceil(Math.log2(1.5 * many))));
}

function selectThreads({ limits }: GpuDevice, capacity: number): number {
  const { maxComputeInvocationsPerWorkgroup: most, maxComputeWorkgroupSizeX: widest } = limits;
  // Tried on an H100 with 256, 512 and 1,024: the middle is best from one list to thousands.
  const wished = capacity === LONG_SELECTION ? 1024 : capacity === SHORTEST ? 256 : 512;
  return Math.min(wished, most, widest);
}
