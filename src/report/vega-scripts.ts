import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** The chart libraries in the order a page needs them, ready to stand inside script elements. */
export function vegaScripts(): string[] {
  return ["vega", "vega-lite", "vega-embed"].map((name) => {
    const file = join(dirname(require.resolve(name)), `${name}.min.js`);
    const text = readFileSync(file, "utf8");
    // A source map is a file beside the library that the page does not have; and nothing inside
    // may end the script element.
    return text
      .replace(/\n\/\/# sourceMappingURL=.*\s*$/, "")
      .replaceAll("</script", String.raw`<\/script`);
  });
}
