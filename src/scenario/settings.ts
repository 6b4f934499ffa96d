import { z } from "zod";

const count = z.number().int().min(1);

const copies = z.number().int().min(1).max(64).default(1);

/** What the front door of either system has: one schema, so that both get the same means. */
const door = {
  /** Largest batch handed to an engine at once. */
  maxBatch: z.number().int().min(1).max(4096).default(64),
  /** How long the first request of a batch waits for company while the engine is idle. */
  maxWaitMs: z.number().min(0).max(1000).default(0),
  /** Requests inside the system before the next is refused. */
  maxInFlight: count.default(1024),
  /**
   * Processes that read requests and write answers. 1: the engine's own does; auto: a quarter of
   * the CPUs, at most 8. Only callers with several connections gain.
   */
  doorWorkers: z.union([z.literal("auto"), z.number().int().min(1).max(64)]).default("auto"),
  /**
   * Whether the front door, and in a mesh every service, speaks TLS; with `mtls` callers show a
   * certificate too. A run makes its own.
   */
  tls: z.enum(["off", "tls", "mtls"]).default("off"),
};

/** How thoroughly the mesh's index may be told to look, in its settings or by a single search. */
export const INDEX_EFFORT = {
  probes: { least: 1, most: 1_000_000 },
  expansionSearch: { least: 8, most: 65_536 },
} as const;

const effort = (name: keyof typeof INDEX_EFFORT) =>
  z.number().int().min(INDEX_EFFORT[name].least).max(INDEX_EFFORT[name].most);

const held = z.number().min(0).max(86_400).default(0);

const mesh = z.strictObject({
  ...door,
  /** The index service's engine. */
  index: z
    .strictObject({
      /**
       * `flat` scores every eligible row; `ivf-flat` those of the clusters nearest to the query;
       * `ivf-int8` does that in int8, and the best of them again in full.
       */
      kind: z.enum(["hnsw", "flat", "ivf-flat", "ivf-int8"]).default("hnsw"),
      /**
       * A `flat` index on a device of ONNX Runtime, as one product for a whole batch, the filters'
       * bitmaps applied there too; absent: our own code on the CPU.
       */
      device: z.enum(["cpu", "cuda", "webgpu"]).optional(),
      /** Clusters of an IVF index; auto: four times the square root of the items. */
      clusters: z
        .union([z.literal("auto"), z.number().int().min(1).max(1_000_000)])
        .default("auto"),
      /**
       * Clusters that an IVF index looks into; the more, the better the recall. Where a filter lets
       * a part of the items pass, so many times more, and those in which near ones are eligible
       * before those of the nearest centroids.
       */
      probes: effort("probes").default(16),
      precision: z.enum(["f32", "f16", "i8"]).default("f32"),
      connectivity: z.number().int().min(2).max(256).default(16),
      expansionAdd: z.number().int().min(8).max(4096).default(128),
      /** `ef`: candidates the graph walk keeps; the larger, the better the recall. */
      expansionSearch: effort("expansionSearch").default(256),
      /** Parts of the catalogue, each with an index and processes of its own. */
      shards: copies,
      /**
       * How the filter's rows are joined with the index. `pre`: it looks at eligible rows only (not
       * hnsw); `post`: it finds more rows than are wanted, of which those that are not eligible are
       * dropped, and again more until there are enough; `exact`: the eligible rows are scored one
       * by one; `auto`: by the estimated cost. Answers are never short in any of them.
       */
      join: z.enum(["auto", "pre", "post", "exact"]).default("auto"),
      /** Below this share of eligible items they are scored exactly; auto: where that costs less. */
      exactBelow: z.union([z.literal("auto"), z.number().min(0).max(1)]).default("auto"),
    })
    .refine(({ kind, device }) => device === undefined || kind === "flat", {
      path: ["device"],
      message: "only an index of the kind flat runs on a device of ONNX Runtime",
    })
    .refine(({ kind, join }) => kind !== "hnsw" || join !== "pre", {
      path: ["join"],
      message:
        "hnsw (usearch) takes no bitmap of rows: auto, post or exact; or an index of kind flat, ivf-flat or ivf-int8",
    })
    .prefault({}),
  /**
   * Copies of each service, of the index for each shard; over gRPC only. Several gateways share one
   * address, whose connections are dealt out to them in turn; each reads its requests and writes its
   * answers itself and has `maxInFlight` of its own, and the catalogue of theirs takes no updates.
   */
  replicas: z
    .strictObject({
      gateway: copies,
      feature: copies,
      filter: copies,
      index: copies,
      ranker: copies,
      tower: copies,
    })
    .prefault({}),
  /**
   * Where the feature service reads: LMDB, which it has within itself; `redis`, a server that is
   * started with the mesh; or one that runs already, which is filled once.
   */
  store: z
    .union([
      z.enum(["lmdb", "redis"]),
      z.string().regex(/^redis:\/\/[^/]+:\d+(\/\d+)?$/, "lmdb, redis or redis://host:port"),
    ])
    .default("lmdb"),
  /** Records of users, and of items, that the feature service keeps in memory; 0: none. */
  featureCache: z.number().int().min(0).max(100_000_000).default(10_000),
  /**
   * Items that may differ from what the mesh was built of before an update is refused; auto: a
   * quarter of them, at least 10,000.
   */
  mostChanged: z.union([z.literal("auto"), count]).default("auto"),
  /** Seconds by which changes of items reach a service later than the others, to see what it does. */
  heldBack: z.strictObject({ feature: held, filter: held, index: held, ranker: held }).prefault({}),
  /**
   * Where a shard of the index, or the ranker, fails or is late: whether the answer is made of the
   * rest and marked as partial, or is an error.
   */
  partial: z.enum(["forbid", "allow"]).default("forbid"),
  /** `partial: allow`: how long a shard or the ranker may take. */
  partialAfterMs: z.number().positive().max(60_000).default(250),
  /** Results the filter service keeps by filter text, beside the filters it read; 0: none, as the index-as-model keeps none of its compiled items. */
  filterCache: z.number().int().min(0).max(100_000).default(0),
  /** The ranker service, which runs where the model ranks by more than the score. */
  ranker: z
    .strictObject({
      /** Items whose side of the OverArch it keeps, the least used making room; 0: none. */
      itemCache: z.number().int().min(0).max(100_000_000).default(100_000),
    })
    .prefault({}),
  /**
   * A call that has no answer after so many milliseconds goes to another copy of the service too,
   * within the budget of retries.
   */
  hedgeAfterMs: z.union([z.literal("off"), z.number().min(0.1).max(60_000)]).default("off"),
  /** Where the user tower runs: in the gateway, or as a service of its own. */
  towers: z.enum(["embedded", "service"]).default("embedded"),
  /** `in-process`: the same service code in one process, without the wire in between. */
  transport: z.enum(["grpc", "in-process"]).default("grpc"),
  /**
   * Where the services run: each in a process, each in a thread of one process, or all in one
   * thread. auto: a process each over gRPC, one thread for all in-process.
   */
  placement: z.enum(["auto", "process", "thread", "one"]).default("auto"),
});

export const meshSettings = mesh
  .refine(({ transport, placement }) => transport === "grpc" || placement !== "process", {
    path: ["placement"],
    error: "thread or one (transport in-process has no wire between processes)",
  })
  .refine(
    ({ replicas, transport, placement }) =>
      replicas.gateway === 1 || (transport === "grpc" && /^(auto|process)$/.test(placement)),
    {
      path: ["replicas", "gateway"],
      error:
        "1 (a mesh in one process has one gateway; several need transport grpc and placement process)",
    },
  )
  .refine(
    ({ replicas, doorWorkers }) =>
      replicas.gateway === 1 || doorWorkers === "auto" || doorWorkers === 1,
    {
      path: ["doorWorkers"],
      error: "auto or 1 (each of several gateways, replicas.gateway, is its own door)",
    },
  );

export const indexAsModelSettings = z.strictObject({
  ...door,
  /** ONNX Runtime, or our own kernels on a GPU, which take 8-bit items (`precision: int8`). */
  engine: z.enum(["onnx", "fused"]).default("onnx"),
  /** onnx: where the graph runs. */
  device: z.enum(["cpu", "cuda", "webgpu"]).default("cpu"),
  /** fused: whether a processor that plays a GPU will do: right answers, worthless times. */
  allowSoftware: z.boolean().default(false),
  /**
   * fused: how the embedding cache is kept, which the OverArch reads. In half precision it takes
   * half the memory and time, and values err in the fourth digit.
   */
  cachePrecision: z.enum(["float32", "float16"]).default("float32"),
  /** Changes to the catalogue after which it is compiled anew; auto: so that fewest requests are lost. */
  foldAfter: z.union([z.literal("auto"), count]).default("auto"),
  /** Whether nodes with real work may run on the CPU where the device has no kernel for them. */
  allowFallback: z.boolean().default(false),
  /** Of the item embeddings that are scanned; but with float32 the best are scored again in it. */
  precision: z.enum(["float32", "float16", "int8"]).default("float32"),
  /** int8: a scale an item, or one for all, as published, which costs recall. */
  scale: z.enum(["perItem", "global"]).default("perItem"),
  /** Clusters that items are sorted into; auto: about 4 sqrt(items). */
  nlist: z.union([z.literal("auto"), count.max(65_536)]).default("auto"),
  /** Clusters that each head looks at; all: every item is scored, and recall is that of the oracle. */
  nprobe: z.union([z.literal("all"), count]).default("all"),
  /**
   * Clusters that each head looks at, at most, from the first where a filter leaves few items: as
   * many more than `nprobe` as it leaves fewer (of `onnx` all, from a quarter of them on). auto: all,
   * if it comes to that; fixed: `nprobe`, whatever the filter, as published, and more only where an
   * answer would be short. But where it is fixed clusters with a filter are taken by their centroids'
   * scores and by what it leaves in them; of items that are made on the device by the first alone.
   */
  nprobeMost: z.union([z.enum(["auto", "fixed"]), count]).default("auto"),
  /**
   * How eligible items are found: by exact bitmaps; by a Bloom filter an item; or, where a filter is
   * a conjunction of at most eight terms, as 64 further dimensions of the product that scores them.
   */
  eligibility: z.enum(["exact", "bloom", "folded"]).default("exact"),
  bloom: z
    .strictObject({
      hashes: z.number().int().min(1).max(16).default(5),
      /** Bits of an item's signature; absent: as many as the rate takes. */
      bits: z.number().int().min(8).max(8192).optional(),
      falsePositiveRate: z.number().gt(0).max(0.5).default(0.001),
      /** Whether what signatures let through is checked; if not, answers hold ineligible items. */
      exact: z.boolean().default(true),
    })
    .prefault({}),
});

/** A third party's system that speaks the door already. */
export const remoteSettings = z.strictObject({
  address: z.string().regex(/^.+:\d+$/, "host:port"),
  /** Of its HTTP door, for loads of shape http; absent: it has none. */
  httpAddress: z
    .string()
    .regex(/^https?:\/\/.+:\d+$/, "http://host:port")
    .optional(),
});

/** Answers at once with nothing: the ceiling of the load generator itself. */
export const nullSettings = z.strictObject({ maxInFlight: count.default(100_000) });

/** Answers after a stated time: what the ruler must read back. */
export const delaySettings = z.strictObject({
  delayMs: z.number().min(0).max(60_000),
  maxInFlight: count.default(100_000),
});

export type MeshSettings = z.output<typeof meshSettings>;
export type IndexAsModelSettings = z.output<typeof indexAsModelSettings>;
export type RemoteSettings = z.output<typeof remoteSettings>;
export type NullSettings = z.output<typeof nullSettings>;
export type DelaySettings = z.output<typeof delaySettings>;
