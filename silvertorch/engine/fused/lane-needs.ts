import type { DeviceIndex } from "./device-index.ts";
import type { Selected, Selection, Selections } from "./selections.ts";

/** What a batch needs of a lane. */
export interface SearchNeeds {
  readonly requests: number;
  /** Clusters that each list looks into; each open one, where others look into more. */
  readonly probes: number;
  /** The most that a list looks into, and those of all lists together. */
  readonly mostProbes: number;
  readonly pairs: number;
  /** Places selected, and those of a list in the end. */
  readonly candidates: number;
  readonly places: number;
  /** Words of the packed batch, and rows that are excluded. */
  readonly words: number;
  readonly excluded: number;
}

/** A batch as the search records it. */
export interface SearchBatch extends SearchNeeds {
  /** Lists before this one have no filter. */
  readonly openLists: number;
  /** Whether pairs are chained by cluster, not sorted: group-pairs.ts. */
  readonly isChained: boolean;
  /** Rows that requests without filter exclude. */
  readonly openExcluded: number;
}

/** What the buffers of a lane hold, in entries of all lists together where a list has several. */
export interface LaneNeeds {
  readonly lists: number;
  readonly slots: number;
  readonly pairs: number;
  readonly candidates: number;
  readonly words: number;
  readonly excluded: number;
  /** Most that are selected of a list: clusters, and items. */
  readonly mostProbes: number;
  readonly mostSelected: number;
}

/** The selections that a lane of this capacity makes. */
export type SelectionsOf = Readonly<Partial<Record<Selected, Selection>>>;

/** The selections of a lane that holds so much. */
export async function laneSelections(
  index: DeviceIndex,
  selections: Selections,
  { lists, mostProbes, mostSelected }: LaneNeeds,
): Promise<SelectionsOf> {
  const names: [Selected, number][] =
    index.vectors.length > 0
      ? [
          ["candidates", mostSelected],
          ["refined", mostSelected],
        ]
      : [["lists", mostSelected]];
  if (mostProbes > 0) names.push(["probes", mostProbes]);
  const compiled = names.map(async ([name, many]) => {
    return [name, await selections.of(name, many, lists)] as const;
  });
  return Object.fromEntries(await Promise.all(compiled));
}

/** What the buffers must hold for a batch. */
export function laneNeeds(
  { requests, probes, mostProbes, pairs, candidates, words, excluded }: SearchNeeds,
  { shape }: DeviceIndex,
): LaneNeeds {
  const lists = requests * shape.heads;
  const selected = withRoom(candidates);
  const isAll = probes >= shape.clusters;
  return {
    lists,
    slots: pairs * shape.width,
    pairs: isAll ? lists : pairs,
    candidates: lists * selected,
    words,
    excluded,
    mostProbes: isAll ? 0 : mostProbes,
    mostSelected: selected,
  };
}

/** Places of a list up to which room is made for somewhat more than are asked for. */
const MOST_ROOM = 2048;

/**
 * Places of a list for so many that are asked for: as many as the same kernels select. More are
 * asked for with each compiled item that updates hide, and to make more room is to make all of a
 * lane anew, in mid-load.
 */
export function withRoom(places: number): number {
  const held = 2 ** Math.ceil(Math.log2(1.5 * places));
  return held > MOST_ROOM ? places : Math.floor(held / 1.5);
}
