import { z } from "zod";
import { DEFAULT_MLP, DEFAULT_MOL, MAX_TASKS } from "../retrieval/model-spec.ts";

const positive = z.number().positive();
const count = z.number().int().min(1);

/** The retrieval model that both systems compute. */
export const modelSpec = z.strictObject({
  heads: z.number().int().min(1).max(64).default(1),
  candidates: count.default(1000),
  tower: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("identity") }),
      z.strictObject({ kind: z.literal("mlp"), hidden: z.array(count).max(8) }),
    ])
    .default({ kind: "identity" }),
  overarch: z.enum(["none", "mlp", "mol"]).default("none"),
  /** Tasks that an OverArch scores; default: one, named `task`. */
  tasks: z.array(z.string().min(1)).min(1).max(MAX_TASKS).optional(),
  /** Sizes of a mixture of logits; the defaults are those published for a small one. */
  mol: z
    .strictObject({
      userGroups: z.number().int().min(1).max(64).default(DEFAULT_MOL.userGroups),
      itemGroups: z.number().int().min(1).max(64).default(DEFAULT_MOL.itemGroups),
      dim: z.number().int().min(1).max(1024).default(DEFAULT_MOL.dim),
      gateHidden: z.number().int().min(1).max(4096).default(DEFAULT_MOL.gateHidden),
      temperature: positive.default(DEFAULT_MOL.temperature),
    })
    .optional(),
  mlp: z
    .strictObject({
      hidden: z
        .array(z.number().int().min(1).max(8192))
        .min(1)
        .max(8)
        .default([...DEFAULT_MLP.hidden]),
    })
    .optional(),
  /** Value Model: a formula over the tasks, the score and the item's columns. */
  value: z.string().default("score"),
});
