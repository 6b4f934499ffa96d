import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path/posix";
import { expect, test } from "vitest";

const RULER = ["src/errors.ts", "src/system.ts", "src/math", "src/process", "src/retrieval"];
const SYSTEM = [...RULER, "src/scenario", "src/dataset", "src/door"];

/**
 * Who may import whom, read top to bottom as the data flows: a place may import only what stands
 * above it, and always itself. Packages are in the next table.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/errors.ts": [],
  "src/nearest-word.ts": [],
  "src/math": ["src/errors.ts"],
  "src/process": ["src/errors.ts"],
  "src/retrieval": ["src/errors.ts", "src/nearest-word.ts", "src/math", "src/process"],
  "src/system.ts": ["src/errors.ts", "src/process", "src/retrieval"],
  "src/scenario": ["src/errors.ts", "src/nearest-word.ts", "src/retrieval"],
  "src/onnx": ["src/errors.ts", "src/math", "src/process"],
  "src/door": RULER,
  "src/dataset": [...RULER, "src/scenario"],
  "src/measure": [...RULER, "src/scenario", "src/door"],
  "src/load": [...RULER, "src/scenario", "src/dataset", "src/door", "src/measure"],
  "src/result": [...RULER, "src/measure", "src/load"],
  // What follows a run needs only its numbers: JSON in, words out.
  "src/cost": ["src/errors.ts", "src/math", "src/scenario", "src/result"],
  "src/gate": ["src/errors.ts", "src/math", "src/result", "src/cost"],
  "src/report": ["src/errors.ts", "src/math", "src/result", "src/cost", "src/gate"],
  // The two systems: equal means, and neither knows the other.
  baseline: [...SYSTEM, "src/onnx"],
  silvertorch: [...SYSTEM, "src/onnx"],
  // The only file that meets both; the command line meets neither.
  "src/run/start-system.ts": [...RULER, "src/scenario", "src/load", "baseline", "silvertorch"],
  "src/run": [...SYSTEM, "src/measure", "src/load", "src/result"],
  "src/run.ts": ["src"],
  "src/cli": ["src"],
};

/** The one home of each npm package, so that it can be replaced in one place. */
const HOME: Readonly<Record<string, readonly string[]>> = {
  "@grpc/grpc-js": ["src/door"],
  "@grpc/proto-loader": ["src/door"],
  "prom-client": ["src/door"],
  selfsigned: ["src/door"],
  "onnxruntime-node": ["src/onnx"],
  "onnx-proto": ["src/onnx"],
  webgpu: ["silvertorch/device"],
  usearch: ["baseline/index"],
  lmdb: ["baseline/feature"],
  "@redis/client": ["baseline/feature"],
  "roaring-wasm": ["baseline/filter"],
  "hdr-histogram-js": ["src/math/histogram.ts"],
  yaml: ["src/scenario"],
  // Schemas stand where the thing they describe stands: the question, and the answer.
  zod: ["src/scenario", "src/result"],
  autocannon: ["src/load"],
  tinybench: ["src/load"],
  vega: ["src/report"],
  "vega-lite": ["src/report"],
  commander: ["src/cli"],
  "cli-table3": ["src/cli"],
};

/** Packages for development that a proof runs on; no verb needs them. */
const PROOF_ONLY: Readonly<Record<string, readonly string[]>> = {
  "playwright-core": ["src/cli/proof"],
};

const NAMELESS = /^(index|utils?|helpers?|common|core|base|manager|types|misc|shared)\./;

const sources = ["src", "baseline", "silvertorch"].flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(name))
    .map((name) => join(root, name)),
);

test("every file has a place, and imports only what that place allows", () => {
  expect(sources.filter((file) => placeOf(file) === undefined)).toEqual([]);
  const strays = importsWhere((file, path) => {
    const place = placeOf(file)!;
    return isOurs(path) && ![place, ...MAY_IMPORT[place]!].some((each) => isWithin(path, each));
  });
  expect(strays).toEqual([]);
});

test("every package is used only at home", () => {
  const strays = importsWhere(
    (file, path) =>
      !isOurs(path) &&
      !(HOME[packageOf(path)] ?? PROOF_ONLY[packageOf(path)] ?? []).some((home) =>
        isWithin(file, home),
      ),
  );
  expect(strays).toEqual([]);
});

test("every place stands below what it may import, so that there are no cycles of places", () => {
  const places = Object.keys(MAY_IMPORT);
  // run.ts and cli/ stand last and may look at all of src.
  const looksUp = places.flatMap((place, row) =>
    MAY_IMPORT[place]!.filter((other) => other !== "src" && places.indexOf(other) >= row).map(
      (other) => `${place} -> ${other}`,
    ),
  );
  expect(looksUp).toEqual([]);
});

test("only the command line imports the command line and the run", () => {
  const importers = sources.filter((file) =>
    importsOf(file).some((path) => isWithin(path, "src/cli") || path === "src/run.ts"),
  );
  expect(importers.filter((file) => !isWithin(file, "src/cli"))).toEqual([]);
});

test("every dependency has a home, and every home is of a dependency", () => {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(HOME).toSorted()).toEqual(Object.keys(dependencies).toSorted());
});

test("every file is named after its subject", () => {
  expect(sources.filter((file) => NAMELESS.test(basename(file)))).toEqual([]);
});

/** The imports of product files that are so, as `file -> import`. */
function importsWhere(isSo: (file: string, path: string) => boolean): string[] {
  return sources.flatMap((file) =>
    importsOf(file).flatMap((path) => (isSo(file, path) ? [`${file} -> ${path}`] : [])),
  );
}

/** Static, side-effect, dynamic and type imports, re-exports, require and resolve. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\s[^;"']*?from\s+["']([^"']+)["']/gm),
    ...text.matchAll(/^import\s+["']([^"']+)["']/gm),
    ...text.matchAll(
      /\b(?:import|require|require\.resolve|import\.meta\.resolve)\(\s*["']([^"']+)["']/g,
    ),
  ].map(([, specifier]) => specifier!);
  return specifiers
    .filter((specifier) => !specifier.startsWith("node:"))
    .map((specifier) =>
      specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier,
    );
}

function placeOf(file: string): string | undefined {
  return Object.keys(MAY_IMPORT).find((place) => isWithin(file, place));
}

const isWithin = (path: string, place: string): boolean =>
  path === place || path.startsWith(`${place}/`);

const isOurs = (path: string): boolean =>
  ["src", "baseline", "silvertorch", "package.json"].some((root) => isWithin(path, root));

/** `@grpc/grpc-js/build/x` is `@grpc/grpc-js`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
