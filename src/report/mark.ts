import type { Role } from "../result/role.ts";

/** How a system looks in every chart and table: never by colour alone. */
export interface Mark {
  /** A custom property of the page, so that both themes and print have their own. */
  readonly color: string;
  /** Vega's name of the point's shape. */
  readonly shape:
    | "square"
    | "triangle-down"
    | "triangle-right"
    | "triangle-left"
    | "diamond"
    | "circle"
    | "triangle-up"
    | "cross";
  /** The same shape as a character. */
  readonly glyph: string;
  readonly dash: readonly number[];
}

const MESHES: readonly Mark[] = [
  { color: "var(--mesh)", shape: "square", glyph: "■", dash: [6, 4] },
  { color: "var(--second-mesh)", shape: "triangle-down", glyph: "▼", dash: [3, 3] },
  { color: "var(--third-mesh)", shape: "triangle-right", glyph: "▶", dash: [6, 2, 2, 2] },
  { color: "var(--fourth-mesh)", shape: "triangle-left", glyph: "◀", dash: [10, 3] },
];
const IN_PROCESS: Mark = { color: "var(--in-process)", shape: "diamond", glyph: "◆", dash: [2, 3] };
const CHALLENGERS: readonly Mark[] = [
  { color: "var(--first)", shape: "circle", glyph: "●", dash: [1, 0] },
  { color: "var(--second)", shape: "triangle-up", glyph: "▲", dash: [8, 3, 2, 3] },
  { color: "var(--third)", shape: "cross", glyph: "✚", dash: [4, 2, 1, 2, 1, 2] },
];

/** @param place of a system among those of its role, from 0; marks repeat when all are taken. */
export function markOf(role: Role, place: number): Mark {
  if (role === "in-process") return IN_PROCESS;
  const marks = role === "mesh" ? MESHES : CHALLENGERS;
  return marks[place % marks.length]!;
}
