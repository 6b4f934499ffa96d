import { z } from "zod";

const syntheticDataset = z.strictObject({
  kind: z.literal("synthetic"),
  items: z.number().int().min(100).max(100_000_000),
  dim: z.number().int().min(2).max(4096),
  users: z.number().int().min(1).max(10_000_000).default(10_000),
  /** Dimensions of a user's features; with an identity tower it must equal `dim`. */
  userDim: z.number().int().min(1).max(4096).optional(),
  /** Generator clusters; default items / 25, far more than any index has. */
  clusters: z.number().int().min(1).optional(),
  /** Spread of a cluster around its centre, as a share of the centre's length. */
  noise: z.number().min(0).max(10).default(0.6),
  /** Zipf exponent of popularity. */
  zipf: z.number().min(0).max(3).default(0.8),
});

/** Items that are computed from their rows: no file holds them, a card makes them for itself. */
const generatedDataset = z.strictObject({
  kind: z.literal("generated"),
  /** In clusters of equal size, a multiple of 32. */
  items: z.number().int().min(128).max(100_000_000),
  dim: z.number().int().min(4).max(4096),
  users: z.number().int().min(1).max(1_000_000).default(10_000),
  /** Those of the generator, which the index takes over. */
  clusters: z.number().int().min(1).max(65_536),
  /** Spread of a cluster around its centre, as a share of the centre's length. */
  noise: z.number().min(0).max(4).default(0.45),
});

/** Where the items and users come from. */
export const datasetSpec = z.discriminatedUnion("kind", [
  syntheticDataset,
  generatedDataset,
  z.strictObject({
    kind: z.literal("glove-100"),
    /** Keep only the most frequent words; default all. */
    items: z.number().int().min(100).optional(),
    /** Words held out as queries. */
    users: z.number().int().min(1).max(50_000).default(10_000),
  }),
  z.strictObject({ kind: z.literal("folder"), path: z.string().min(1) }),
]);
