import type { SystemDigest } from "./digest.ts";
import { html } from "./html.ts";
import type { Child, Html } from "./html.ts";

/** A system's name behind its mark, the same in every table. */
export function systemName({ name, mark }: Pick<SystemDigest, "name" | "mark">): Html {
  return html`<span class="system"
    ><span class="glyph" style="color: ${mark.color}" aria-hidden="true">${mark.glyph}</span>
    ${name}</span
  >`;
}

/** The same for a name that a row of the result mentions; one that is unknown stands as it is. */
export function systemNamed(systems: readonly SystemDigest[], name: string): Child {
  const found = systems.find((system) => system.name === name);
  return found === undefined ? name : systemName(found);
}
