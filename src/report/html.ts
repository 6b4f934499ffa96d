/** Markup that is safe to put in a page: only `html` and `trusted` make it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Child = Html | string | number | null | readonly Child[];

/** Markup with every interpolated text escaped; null is nothing, a list is its parts in a row. */
export function html(parts: TemplateStringsArray, ...values: readonly Child[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(markup)));
}

/** Markup that we wrote ourselves: style sheets, scripts, escaped JSON. Never a user's text. */
export function trusted(text: string): Html {
  return new Html(text);
}

/** JSON that may stand inside a script element: it holds no `<` at all. */
export function scriptJson(value: unknown): Html {
  const text = JSON.stringify(value).replaceAll("<", "\\u003c");
  return new Html(text.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029"));
}

function markup(child: Child): string {
  if (child === null) return "";
  if (child instanceof Html) return child.text;
  if (typeof child === "object") return child.map(markup).join("");
  return escapeHtml(String(child));
}

/** For text and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
