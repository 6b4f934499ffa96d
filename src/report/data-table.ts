import { html } from "./html.ts";
import type { Child, Html } from "./html.ts";

export interface Column {
  readonly label: Child;
  /** Text to the left, numbers to the right; the first column heads its row. */
  readonly align?: "left" | "right";
}

export interface DataTable {
  /** Read out by a screen reader; also the name of the CSV. */
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Child[])[];
}

/** Without the columns in which every cell is empty: they would say nothing. */
export function withoutEmptyColumns(table: DataTable, empty: string): DataTable {
  const isKept = (column: number): boolean => table.rows.some((row) => row[column] !== empty);
  return {
    ...table,
    columns: table.columns.filter((_, column) => isKept(column)),
    rows: table.rows.map((row) => row.filter((_, column) => isKept(column))),
  };
}

/** A table that scrolls sideways by itself where the page is narrow. */
export function renderTable({ caption, columns, rows }: DataTable): Html {
  const aligned = (position: number): string =>
    (columns[position]?.align ?? (position === 0 ? "left" : "right")) === "right"
      ? "number"
      : "text";
  const head = columns.map(
    ({ label }, i) => html`<th scope="col" class="${aligned(i)}">${label}</th>`,
  );
  const body = rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === 0
        ? html`<th scope="row" class="${aligned(i)}">${cell}</th>`
        : html`<td class="${aligned(i)}">${cell}</td>`,
    );
    return html`<tr>
      ${cells}
    </tr> `;
  });
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
    <table>
      <caption class="unseen">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`;
}
