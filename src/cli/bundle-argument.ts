import { basename, dirname, join, resolve } from "node:path";
import { BUNDLE_FILES } from "../result/bundle.ts";

/** The folder a bundle argument means: the folder itself, or its result.json. */
export function bundleFolder(argument: string): string {
  const path = resolve(argument);
  return basename(path) === BUNDLE_FILES.result ? dirname(path) : path;
}

/** The result file an argument means: of a bundle's folder, or any such file, as a reference is. */
export function resultFile(argument: string): string {
  const path = resolve(argument);
  return path.endsWith(".json") ? path : join(path, BUNDLE_FILES.result);
}
