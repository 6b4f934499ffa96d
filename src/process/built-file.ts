import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { HarnessError } from "../errors.ts";

/**
 * Path of a compiled module that is started as a worker or a process, given the importer's
 * `import.meta.url` and the module's relative .js name. tsc does not rewrite `new URL(...)`, and
 * what is measured must be what was built: so even when the importer runs from its TypeScript
 * source (vitest), the file comes from dist/.
 *
 * @throws HarnessError INTERNAL if it was not built.
 */
export function builtFile(
  importerUrl: string,
  relative: `./${string}.js` | `../${string}.js`,
): string {
  const beside = fileURLToPath(new URL(relative, importerUrl));
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const isSource = importerUrl.endsWith(".ts");
  const path = isSource ? beside.replace(root, `${root}dist/`) : beside;
  if (!existsSync(path)) {
    throw new HarnessError("INTERNAL", `${path} is not built`, { hint: "npm run build" });
  }
  return path;
}
