import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { CHART_SCRIPT } from "./chart-script.ts";
import { html, trusted } from "./html.ts";
import type { Child, Html } from "./html.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { renderSection } from "./section.ts";
import type { Section } from "./section.ts";
import { vegaScript } from "./vega-script.ts";

export interface Page {
  readonly title: string;
  /** The page in one sentence. */
  readonly description: string;
  /** Of silverbench. */
  readonly version: string;
  readonly masthead: Child;
  /** What fills the first screen. */
  readonly first: Html;
  readonly sections: readonly Section[];
  /** "Written by silverbench 0.1.0 ..." */
  readonly footer: Child;
  /** What the page is drawn from: a button with `data-save` of its name saves it as JSON. */
  readonly data: { readonly name: string; readonly value: unknown };
}

/** A page as one HTML text that needs nothing else: no network, no other file. */
export function renderPage(page: Page): Html {
  const { title, description, version, masthead, first, sections, footer, data } = page;
  const whole = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="description" content="${description}" />
      <meta name="generator" content="silverbench ${version}" />
      <link rel="icon" href="data:," />
      <title>${title} · silverbench</title>
      <style>
        ${trusted(readFileSync(new URL("page.css", import.meta.url), "utf8"))}
      </style>
    </head>
    <body>
      <header class="masthead">
        <b>silverbench</b> ${masthead}
        <button type="button" class="theme" hidden></button>
      </header>
      <main>
        ${first}
        <nav class="contents" aria-label="Contents">
          <ol>
            ${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li> `)}
          </ol>
        </nav>
        ${sections.map(renderSection)}
      </main>
      <footer>
        <p>Written by silverbench ${version} ${footer}. Everything this page shows is inside it.</p>
      </footer>
      <script type="application/octet-stream" id="data-${data.name}">
        ${trusted(deflateRawSync(JSON.stringify(data.value)).toString("base64"))}
      </script>
      ${[vegaScript(), CHART_SCRIPT, PAGE_SCRIPT].map(
        (script) =>
          html`<script>
            ${trusted(script)};
          </script> `,
      )}
    </body>
  </html>`;
  return html`${trusted("<!doctype html>\n")}${whole} `;
}
