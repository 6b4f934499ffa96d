import type { RunComparisonRow } from "../../gate/run-comparison.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";

/** How each of the four words looks: a sign and a tone, never a colour alone. */
export const VERDICT_MARKS = {
  better: { glyph: "▲", tone: "good" },
  worse: { glyph: "▼", tone: "bad" },
  same: { glyph: "=", tone: "" },
  inconclusive: { glyph: "≈", tone: "unsure" },
} as const;

export function verdictMark(verdict: RunComparisonRow["verdict"]): Html {
  const { glyph, tone } = VERDICT_MARKS[verdict];
  return html`<span class="verdict ${tone}"
    ><span aria-hidden="true">${glyph}</span> ${verdict}</span
  >`;
}
