import type { HostTensor } from "../../src/onnx/element-type.ts";
import type { ArtifactManifest } from "../compile/manifest.ts";
import type { DeviceForm } from "../graph/device-form.ts";
import { bonusFeeds, filterFeeds, foldFeeds } from "./filter-feeds.ts";
import type { EngineQuery } from "./query.ts";

export interface BatchShape {
  readonly dim: number;
  readonly userDim: number;
  /** heads x item dim */
  readonly queryDim: number;
  /** Items of the catalogue: no k is larger. */
  readonly items: number;
  /** Whether the graph takes `probes` and what filters add to clusters' scores. */
  readonly clustered: boolean;
  /** Clusters that filters put in another order; null: they do not. */
  readonly ordered: number | null;
  /** Whether the graph takes `fetch` and what to check of what signatures let through. */
  readonly checked: boolean;
  /** Dimensions in which the graph takes what is folded; null: it takes nothing of the kind. */
  readonly foldDims: number | null;
  readonly form: DeviceForm;
}

/** What the graph of an artifact takes. @param ordered whether filters put its clusters in another order. */
export function batchShape(
  { items, dim, userDim, model, clusters, checked, folded }: ArtifactManifest,
  form: DeviceForm,
  { ordered }: { readonly ordered: boolean },
): BatchShape {
  const onBitmaps = form.eligibility === "bitmaps";
  return {
    items,
    dim,
    userDim,
    queryDim: dim * model.heads,
    clustered: clusters !== null,
    ordered: ordered ? clusters : null,
    checked: checked && onBitmaps,
    foldDims: onBitmaps ? (folded?.dims ?? null) : null,
    form,
  };
}

/** How thoroughly a batch is searched. */
export interface Thoroughness {
  /** Clusters that a head looks at. */
  readonly probes: number;
  /** Places of a list before a check, if there is one; as many as wanted, if that is more. */
  readonly fetch: number;
  /** Whether filters are a part of the product. */
  readonly folded: boolean;
}

/** The inputs of the retrieval graph for a batch of queries; each layer's file says what they are. */
export function batchFeeds(
  queries: readonly EngineQuery[],
  shape: BatchShape,
  { probes, fetch, folded }: Thoroughness,
): Record<string, HostTensor> {
  const { foldDims } = shape;
  const k = Math.min(shape.items, Math.max(...queries.map((query) => query.k)));
  return {
    ...userFeeds(queries, shape),
    ...filterFeeds(queries, { ...shape, isFolded: folded }),
    ...exclusionFeeds(queries),
    k: single(k),
    ...(shape.clustered ? { probes: single(probes), ...bonusFeeds(queries, shape.ordered) } : {}),
    ...(shape.checked ? { fetch: single(Math.min(shape.items, fetch)) } : {}),
    ...(foldDims === null ? {} : foldFeeds(queries, { foldDims, isFolded: folded })),
    ...(foldDims === null ? {} : { fold_places: single(fetch) }),
  };
}

const single = (value: number): HostTensor => ({
  type: "int64",
  dims: [1],
  data: BigInt64Array.of(BigInt(value)),
});

function userFeeds(
  queries: readonly EngineQuery[],
  { userDim, queryDim }: BatchShape,
): Record<string, HostTensor> {
  const count = queries.length;
  const rows = new Int32Array(count);
  const features = new Float32Array(count * userDim);
  const hasFeatures = new Uint8Array(count);
  const vectors = new Float32Array(count * queryDim);
  const hasVectors = new Uint8Array(count);
  for (const [at, { user }] of queries.entries()) {
    if (user.kind === "row") {
      rows[at] = user.row;
    } else if (user.kind === "features") {
      hasFeatures[at] = 1;
      features.set(user.features, at * userDim);
    } else {
      hasVectors[at] = 1;
      vectors.set(user.vectors, at * queryDim);
    }
  }
  return {
    user_rows: { type: "int32", dims: [count], data: rows },
    has_features: { type: "bool", dims: [count, 1], data: hasFeatures },
    user_features: { type: "float32", dims: [count, userDim], data: features },
    has_vectors: { type: "bool", dims: [count, 1], data: hasVectors },
    query_vectors: { type: "float32", dims: [count, queryDim], data: vectors },
  };
}

function exclusionFeeds(queries: readonly EngineQuery[]): Record<string, HostTensor> {
  const width = Math.max(...queries.map(({ exclude }) => exclude.length));
  const rows = new Int32Array(queries.length * width);
  const penalties = new Float32Array(queries.length * width);
  for (const [at, { exclude }] of queries.entries()) {
    rows.set(exclude, at * width);
    penalties.fill(-Infinity, at * width, at * width + exclude.length);
  }
  const dims = [queries.length, width];
  return {
    excluded_rows: { type: "int32", dims, data: rows },
    excluded_penalties: { type: "float32", dims, data: penalties },
  };
}
