import { Random } from "../../src/math/random.ts";
import { meshSettings } from "../../src/scenario/settings.ts";
import type { Search } from "../services.ts";

export const ITEMS = 500;
export const DIM = 8;

const random = new Random(3);
const gaussians = (length: number): Float32Array =>
  Float32Array.from({ length }, () => random.gaussian());

export const embeddings = gaussians(ITEMS * DIM);

/** A catalogue of one shard, all of which is looked at. */
export const flat = {
  graphFile: null,
  lists: null,
  range: null,
  settings: meshSettings.parse({ index: { kind: "flat" } }).index,
  shard: 0,
  shards: 1,
  builtRows: ITEMS,
};

/** A search that every item passes, of vectors drawn anew. */
export const anySearch = (heads = 1): Search => ({
  vectors: gaussians(heads * DIM),
  k: 5,
  eligible: { bitmap: null, count: ITEMS },
  excluded: new Uint32Array(0),
});

export const anySearches = (count: number): Search[] =>
  Array.from({ length: count }, () => anySearch());
