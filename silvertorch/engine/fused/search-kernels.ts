import type { GpuDevice } from "../../device/gpu-device.ts";
import { compileKernel, type Kernel } from "../../device/kernel.ts";
import { bonusKeysKernel } from "../../kernels/search/bonus-keys.ts";
import { CENTROID_TILES, centroidKeysKernel } from "../../kernels/search/centroid-keys.ts";
import { clearExcludedKernel } from "../../kernels/search/clear-excluded.ts";
import { sortPairsKernel, startsOfBucketsKernel } from "../../kernels/search/group-pairs.ts";
import { locateExcludedKernel } from "../../kernels/search/locate-excluded.ts";
import { maskedScanKernel } from "../../kernels/search/masked-scan.ts";
import { openScanKernel } from "../../kernels/search/open-scan.ts";
import { quantiseQueriesKernel } from "../../kernels/search/quantise-queries.ts";
import { refineCandidatesKernel } from "../../kernels/search/refine-candidates.ts";
import type { OpenOrder, SearchShape, WorkOrder } from "../../kernels/search/search-shape.ts";
import type { DeviceIndex } from "./device-index.ts";
import { type SearchTuning, Selections } from "./selections.ts";

export type Orders<Order extends string = WorkOrder> = Readonly<Partial<Record<Order, Kernel>>>;

/** The kernels that an index needs; without clusters nothing is probed, without vectors not refined. */
export interface SearchKernels {
  readonly quantise: Kernel;
  readonly locate: Kernel;
  readonly openScan: Orders<OpenOrder>;
  /** Takes what is excluded out of it; of pairs, in any order of the work. */
  readonly clearExcluded: { readonly pairs: Kernel | null; readonly all: Kernel };
  readonly maskedScan: Orders;
  readonly probing: ProbingKernels | null;
  readonly refine: Kernel | null;
  readonly selections: Selections;
}

interface ProbingKernels {
  readonly centroidKeys: Readonly<Record<keyof typeof CENTROID_TILES, Kernel>>;
  /** null: no filter says which clusters hold what it lets through. */
  readonly bonusKeys: Kernel | null;
  readonly startsOfBuckets: Kernel;
  readonly sortPairs: Kernel;
}

type SearchedIndex = Pick<DeviceIndex, "shape" | "centroids" | "spread" | "vectors">;

/** Compiles the kernels of the search. */
export async function searchKernels(
  device: GpuDevice,
  { shape, centroids, spread, vectors }: SearchedIndex,
  tuning: SearchTuning = {},
): Promise<SearchKernels> {
  const isClustered = centroids !== null;
  const isRefined = vectors.length > 0;
  const orders: WorkOrder[] = isClustered ? ["byQuery", "byCluster", "all"] : ["all"];
  const openOrders: OpenOrder[] = isClustered ? [...orders, "chained"] : orders;
  const scans = async <Order extends string>(
    name: string,
    inOrders: readonly Order[],
    code: (shape: SearchShape, order: Order) => string,
  ): Promise<Orders<Order>> => {
    const kernels = inOrders.map(async (order) => {
      return [order, await compileKernel(device, `${name}.${order}`, code(shape, order))] as const;
    });
    return Object.fromEntries(await Promise.all(kernels)) as Orders<Order>;
  };
  const selections = new Selections(device, shape, { isClustered, isRefined, tuning });
  return {
    quantise: await compileKernel(device, "quantise", quantiseQueriesKernel(shape)),
    locate: await compileKernel(device, "locate-excluded", locateExcludedKernel(shape)),
    openScan: await scans("open-scan", openOrders, openScanKernel),
    clearExcluded: {
      pairs: isClustered
        ? await compileKernel(device, "clear-excluded", clearExcludedKernel(shape, "byQuery"))
        : null,
      all: await compileKernel(device, "clear-excluded.all", clearExcludedKernel(shape, "all")),
    },
    maskedScan: await scans("masked-scan", orders, maskedScanKernel),
    probing: isClustered ? await probingKernels(device, shape, spread) : null,
    refine: isRefined ? await compileKernel(device, "refine", refineCandidatesKernel(shape)) : null,
    selections,
  };
}

async function probingKernels(
  device: GpuDevice,
  shape: SearchShape,
  spread: number | null,
): Promise<ProbingKernels> {
  const centroidKeys = (tile: keyof typeof CENTROID_TILES): Promise<Kernel> =>
    compileKernel(device, `centroid-keys.${tile}`, centroidKeysKernel(shape, CENTROID_TILES[tile]));
  return {
    centroidKeys: { few: await centroidKeys("few"), many: await centroidKeys("many") },
    bonusKeys:
      spread === null
        ? null
        : await compileKernel(device, "bonus-keys", bonusKeysKernel(shape, spread)),
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
