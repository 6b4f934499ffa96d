import type { SystemDigest } from "./digest.ts";
import { html } from "./html.ts";
import type { Html } from "./html.ts";

/** A system's name behind its mark, the same in every table. */
export function systemName({ name, mark }: Pick<SystemDigest, "name" | "mark">): Html {
  return html`<span class="system"
    ><span class="glyph" style="color: ${mark.color}" aria-hidden="true">${mark.glyph}</span>
    ${name}</span
  >`;
}
