import { basename, dirname, resolve } from "node:path";
import { BUNDLE_FILES } from "../result/bundle.ts";

/** The folder a bundle argument means: the folder itself, or its result.json. */
export function bundleFolder(argument: string): string {
  const path = resolve(argument);
  return basename(path) === BUNDLE_FILES.result ? dirname(path) : path;
}
