import type { DatasetListing } from "../dataset/catalog.ts";
import { bytesOf } from "../dataset/catalog.ts";
import type { Manifest } from "../dataset/manifest.ts";

/** What `dataset list` shows. */
export function datasetListText(datasets: readonly DatasetListing[]): string {
  const offered = datasets.flatMap((each) => {
    if (each.kind !== "offered") return [];
    const missing =
      each.state === "missing"
        ? `\n              not here yet: silverbench dataset get ${each.name}`
        : "";
    return [`  ${each.name.padEnd(12)}${each.what}${missing}`];
  });
  const built = datasets.flatMap((each) =>
    each.kind === "built"
      ? [
          `  ${each.name.padEnd(12)}${sizes(each)}, ${megabytes(each.bytes)}\n${" ".repeat(14)}${each.folder}`,
        ]
      : [],
  );
  return [
    "Data sets a scenario can name:",
    ...offered,
    "",
    built.length === 0 ? "Nothing was built yet." : "Built and cached:",
    ...built,
  ].join("\n");
}

/** What `dataset info` shows. */
export function datasetText(manifest: Manifest, hash: string, folder: string): string {
  const provenance = Object.entries(manifest.provenance).map(([key, value]) => `${key} ${value}`);
  const columns = manifest.columns.map(({ name, kind }) => `${name} (${kind})`);
  return [
    `${manifest.name}  ${sizes(manifest)}`,
    `  folder    ${folder}`,
    `  hash      ${hash}`,
    `  on disk   ${megabytes(bytesOf(manifest))} in ${Object.keys(manifest.files).length} files`,
    `  users     ${manifest.userDim} features each`,
    `  columns   ${columns.length === 0 ? "none: no filters" : columns.join(", ")}`,
    ...(provenance.length === 0 ? [] : [`  from      ${provenance.join("; ")}`]),
  ].join("\n");
}

function sizes({ items, dim, users }: { items: number; dim: number; users: number }): string {
  const [itemCount, userCount] = [items, users].map((count) => count.toLocaleString("en-US"));
  return `${itemCount} items of ${dim} dimensions, ${userCount} users`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
