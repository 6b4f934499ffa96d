import { html } from "./html.ts";
import type { Child, Html } from "./html.ts";

export interface Section {
  readonly id: string;
  readonly title: string;
  /** What this part is about, in the margin. */
  readonly lead: Child;
  readonly body: Child;
}

/** A part of the page: heading and lead in the margin, its content beside them. */
export function renderSection({ id, title, lead, body }: Section): Html {
  return html`<section class="part" id="${id}" aria-labelledby="${id}-title">
    <header>
      <h2 id="${id}-title">${title}</h2>
      <p>${lead}</p>
    </header>
    <div class="content">${body}</div>
  </section>`;
}
