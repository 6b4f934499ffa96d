import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** The library that draws the page's charts, ready to stand inside a script element. */
export function vegaScript(): string {
  const file = join(dirname(require.resolve("vega")), "vega.min.js");
  const text = readFileSync(file, "utf8");
  // A source map is a file beside the library that the page does not have; and nothing inside may
  // end the script element.
  return text
    .replace(/\n\/\/# sourceMappingURL=.*\s*$/, "")
    .replaceAll("</script", String.raw`<\/script`);
}
