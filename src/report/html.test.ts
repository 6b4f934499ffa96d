import { describe, expect, it } from "vitest";
import { html, scriptJson, trusted } from "./html.ts";

describe("html", () => {
  it("escapes whatever is put into it, in text and in attributes", () => {
    const evil = `"><script>alert('1 & 2')</script>`;
    expect(html`<p title="${evil}">${evil}</p>`.text).toBe(
      `<p title="&quot;&gt;&lt;script&gt;alert(&#39;1 &amp; 2&#39;)&lt;/script&gt;">&quot;&gt;&lt;script&gt;alert(&#39;1 &amp; 2&#39;)&lt;/script&gt;</p>`,
    );
  });

  it("takes markup, lists, numbers and nothing", () => {
    const items = ["a", "<"].map((item) => html`<b>${item}</b>`);
    expect(html`<i>${items}${null}${7}${trusted("<hr>")}</i>`.text).toBe(
      "<i><b>a</b><b>&lt;</b>7<hr></i>",
    );
  });

  it("keeps backslashes as they were written", () => {
    expect(html`<p>${String.raw`C:\new`}</p>`.text).toBe(String.raw`<p>C:\new</p>`);
  });
});

describe("JSON in a script element", () => {
  it("cannot end the element nor open a comment, and reads back the same", () => {
    const value = { text: "</script><!-- <script>\u2028\u2029" };
    const { text } = scriptJson(value);
    expect(text).not.toMatch(/[<\u2028\u2029]/);
    expect(JSON.parse(text)).toEqual(value);
  });
});
