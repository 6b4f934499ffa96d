import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const FOLDERS = ["baseline", "silvertorch", "src"];
/** What follows a run needs only its numbers, so it may be mended while a run is cut short. */
const AFTER_THE_RUN = ["src/cli/", "src/cost/", "src/gate/", "src/report/"];

/** Hash of the program that measures, as it runs here: of dist/, or of the sources. */
export async function codeHash(root = join(import.meta.dirname, "../..")): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of FOLDERS) {
    const names = await readdir(join(root, folder), { recursive: true });
    for (const name of names.map((each) => `${folder}/${each.replaceAll("\\", "/")}`).toSorted()) {
      if (!isMeasuring(name)) continue;
      hash.update(`${name}\n`).update(await readFile(join(root, name)));
    }
  }
  return hash.digest("hex").slice(0, 12);
}

const isMeasuring = (name: string): boolean =>
  /\.(js|ts|proto|wgsl)$/.test(name) &&
  !/\.(test|fixture)\.[jt]s$/.test(name) &&
  !AFTER_THE_RUN.some((folder) => name.startsWith(folder));
