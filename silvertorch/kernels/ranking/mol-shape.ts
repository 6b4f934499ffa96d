import type { ValuesShape } from "./candidate-values.ts";
import type { RecordPart } from "./item-record.ts";
import { componentQuads } from "./user-components.ts";

export interface MolValuesShape extends ValuesShape {
  readonly userGroups: number;
  readonly itemGroups: number;
  /** d' */
  readonly dim: number;
  readonly gateHidden: number;
  /** In the record: a group an item component, interleaved; and its gates, a group a task. */
  readonly components: RecordPart;
  readonly gates: RecordPart;
  /** Of each task, in `weights`. */
  readonly cross: readonly CrossGate[];
  readonly tiling: MolTiling;
}

/** How candidates are shared out among threads. */
export interface MolTiling {
  /** Of a workgroup. */
  readonly threads: number;
  /** Candidates of a thread: each weight read from workgroup memory serves all of them. */
  readonly perThread: number;
}

/** First vectors of a task's cross gate. */
export interface CrossGate {
  /** Of each hidden unit the weights into it, then those out of it, `pairQuads` vec4 each. */
  readonly weightsAt: number;
  /** A number a hidden unit. */
  readonly biasAt: number;
}

type UserSideShape = Pick<MolValuesShape, "userGroups" | "itemGroups" | "dim" | "tasks">;

/** Vectors of its components. */
export const userComponentsQuads = ({ userGroups, dim }: UserSideShape): number =>
  componentQuads(dim) * userGroups;

/** Vectors of a user's side. */
export const userSideQuads = (shape: UserSideShape): number =>
  userComponentsQuads(shape) + shape.tasks * pairQuads(shape.userGroups * shape.itemGroups);

/** Vectors of four that a number a pair takes. */
export const pairQuads = (pairs: number): number => Math.ceil(pairs / 4);

/** The most pairs of components: what a thread holds of them is at most 8 KB. */
export const MAX_PAIRS = 1024;
/** Up to so many vectors the loops over pairs are written out, so that they stay in registers. */
const UNROLLED_QUADS = 16;
/** Vectors of workgroup memory in which weights, or a user's components, are staged: 8 KB. */
export const STAGED = 512;

/** Candidates of a workgroup. */
export const molTile = ({ tiling }: MolValuesShape): number => tiling.threads * tiling.perThread;

/** Hidden units whose weights are staged at a time. */
export const hiddenStretch = ({ userGroups, itemGroups }: MolValuesShape): number =>
  Math.max(1, Math.floor(STAGED / (2 * pairQuads(userGroups * itemGroups))));

/** Whether pairs are few enough for registers. */
export const isUnrolled = ({ userGroups, itemGroups }: MolValuesShape): boolean =>
  pairQuads(userGroups * itemGroups) <= UNROLLED_QUADS;
