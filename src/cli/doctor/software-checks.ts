import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "./check.ts";
import { absent, missing, ok, warn } from "./check.ts";
import { gpuCheck } from "./gpu-check.ts";
import { programOutput } from "./program-output.ts";

const OLDEST_NODE = [20, 19] as const;
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Packages with native or WebAssembly code, and an expression that says something about them. */
const NATIVE_PACKAGES: Readonly<Record<string, string>> = {
  "onnxruntime-node":
    "it.listSupportedBackends().map((b) => b.name + (b.bundled ? '' : ' (not bundled)')).join(', ')",
  usearch: "'loads'",
  lmdb: "'loads'",
  "roaring-wasm": "'loads'",
};

/** Checks of what must be installed. @param root folder of the package. */
export async function softwareChecks(root: string): Promise<Check[]> {
  const packages = Object.entries(NATIVE_PACKAGES).map(([name, tell]) =>
    packageCheck(root, name, tell),
  );
  return [
    nodeCheck(process.versions.node),
    await buildCheck(root),
    ...(await Promise.all(packages)),
    await gpuCheck(root),
    await browserCheck(),
    await registryCheck(),
  ];
}

/** @param version as in `20.19.0`. */
export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (!isOld) return ok("node", version);
  return missing("node", version, `install Node ${OLDEST_NODE.join(".")} or newer`);
}

/** What is measured must be what was built: dist/ may not be older than the sources. */
async function buildCheck(root: string): Promise<Check> {
  const main = join(root, "dist/src/cli/main.js");
  if (!existsSync(main)) return missing("build", "no dist/", "npm run build");
  const builtAt = statSync(main).mtimeMs;
  for (const folder of ["src", "baseline", "silvertorch"]) {
    const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    const newer = names.find(
      (name) =>
        /\.(ts|proto|wgsl)$/.test(name) &&
        !name.endsWith(".test.ts") &&
        statSync(join(root, folder, name)).mtimeMs > builtAt,
    );
    if (newer !== undefined) {
      return warn("build", `older than ${folder}/${newer}`, "npm run build");
    }
  }
  return ok("build", "dist/ is up to date");
}

/** Loads the package in a process of its own, so that one that crashes is only reported. */
async function packageCheck(root: string, name: string, tell: string): Promise<Check> {
  const script = `const m = await import(${JSON.stringify(name)}); const it = m.default ?? m; console.log(${tell}); process.exit(0)`;
  const said = await programOutput(process.execPath, ["--input-type=module", "-e", script], {
    cwd: root,
  });
  if (said !== null) return ok(name, said);
  return missing(name, "does not load", "npm ci; its binaries must fit this platform and libc");
}

async function browserCheck(): Promise<Check> {
  for (const browser of BROWSERS) {
    const version = await programOutput(browser, ["--version"]);
    if (version !== null) return ok("browser", version);
  }
  return absent(
    "browser",
    "no chromium",
    "only the report's own tests need it: apt-get install chromium",
  );
}

async function registryCheck(): Promise<Check> {
  const isThere = await programOutput("npm", ["ping"], { timeoutMs: 10_000 });
  if (isThere !== null) return ok("npm registry", "reachable");
  return absent("npm registry", "not reachable", "only `silverbench dataset get` needs it");
}
