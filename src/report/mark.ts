import type { Role } from "../result/role.ts";

/** How a system looks in every chart and table: never by colour alone. */
export interface Mark {
  /** A custom property of the page, so that both themes and print have their own. */
  readonly color: string;
  /** Vega's name of the point's shape. */
  readonly shape: "square" | "diamond" | "circle" | "triangle-up" | "cross";
  /** The same shape as a character. */
  readonly glyph: string;
  readonly dash: readonly number[];
}

const MESH: Mark = { color: "var(--mesh)", shape: "square", glyph: "■", dash: [6, 4] };
const IN_PROCESS: Mark = { color: "var(--in-process)", shape: "diamond", glyph: "◆", dash: [2, 3] };
const CHALLENGERS: readonly Mark[] = [
  { color: "var(--first)", shape: "circle", glyph: "●", dash: [1, 0] },
  { color: "var(--second)", shape: "triangle-up", glyph: "▲", dash: [8, 3, 2, 3] },
  { color: "var(--third)", shape: "cross", glyph: "✚", dash: [4, 2, 1, 2, 1, 2] },
];

/** @param place of a challenger among the challengers, from 0; they repeat after three. */
export function markOf(role: Role, place: number): Mark {
  if (role === "mesh") return MESH;
  if (role === "in-process") return IN_PROCESS;
  return CHALLENGERS[place % CHALLENGERS.length]!;
}
