import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the scenarios (and price sheets) that come with silverbench. */
export function shippedFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  // One level more when running from dist/.
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return join(folder, "scenarios");
}
