import { HarnessError } from "../errors.ts";
import { isName } from "../retrieval/filter/scanner.ts";
import { GENERATOR, type GeneratedItems } from "../retrieval/generated/generated-items.ts";
import type { Provenance } from "./dataset.ts";

export const DATASET_SCHEMA = "silverbench.dataset/1";

export type FileType = "float32" | "float64" | "uint32" | "uint64" | "json";

/** One file of a dataset, as the manifest vouches for it. */
export interface FileEntry {
  readonly dtype: FileType;
  /** Rows first; for JSON the length of its lists. */
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly sha256: string;
}

export interface ColumnEntry {
  readonly name: string;
  readonly kind: "categorical" | "numeric";
}

/** What a person writes by hand for their own data; `sealDataset` adds the files' hashes. */
export interface DraftManifest {
  readonly schema: typeof DATASET_SCHEMA;
  readonly name: string;
  readonly items: number;
  readonly dim: number;
  readonly users: number;
  readonly userDim: number;
  readonly denseDim: number;
  readonly columns: readonly ColumnEntry[];
  readonly provenance: Provenance;
  /** What the items are computed from, where no file holds them. */
  readonly generated?: GeneratedItems;
}

/** manifest.json of a finished dataset; `files` by file name. */
export interface Manifest extends DraftManifest {
  readonly files: Readonly<Record<string, FileEntry>>;
}

/** The longest typed array this Node can make: 2^32 - 1 elements. */
const MAX_ELEMENTS = 4_294_967_295;

/** Collects every mistake of a manifest, so that they are mended in one go. */
class Checker {
  readonly faults: string[] = [];
  readonly record: Readonly<Record<string, unknown>>;

  constructor(record: Readonly<Record<string, unknown>>) {
    this.record = record;
  }

  integer(name: string, least: number, fallback?: number): number {
    const value = this.record[name] ?? fallback;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
    this.faults.push(`${name}: expected a whole number of at least ${least}, got ${show(value)}`);
    return least;
  }

  text(name: string): string {
    const value = this.record[name];
    if (typeof value === "string" && value !== "") return value;
    this.faults.push(`${name}: expected a text, got ${show(value)}`);
    return "";
  }

  /** Nothing, or what items are computed from, by a generator that is known here. */
  generated(): GeneratedItems | undefined {
    const value = this.record["generated"] as Partial<GeneratedItems> | undefined;
    if (value === undefined) return undefined;
    if (value?.generator !== GENERATOR) {
      this.faults.push(`generated: expected items of ${show(GENERATOR)}, got ${show(value)}`);
    }
    return value as GeneratedItems;
  }

  columns(): readonly ColumnEntry[] {
    const value = this.record["columns"] ?? [];
    if (!Array.isArray(value)) {
      this.faults.push(`columns: expected a list, got ${show(value)}`);
      return [];
    }
    const seen = new Set<string>();
    for (const [at, column] of (value as Partial<ColumnEntry>[]).entries()) {
      const name = String(column?.name);
      if (!isName(name) || name.length > 64) {
        this.faults.push(
          `columns[${at}].name: expected a name as filters write it, got ${show(name)}`,
        );
      } else if (seen.has(name)) {
        this.faults.push(`columns[${at}].name: ${show(name)} comes twice`);
      }
      if (column?.kind !== "categorical" && column?.kind !== "numeric") {
        this.faults.push(
          `columns[${at}].kind: expected categorical or numeric, got ${show(column?.kind)}`,
        );
      }
      seen.add(name);
    }
    return value as ColumnEntry[];
  }
}

const show = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));

/**
 * Reads the text of a manifest whose files may not have been hashed yet.
 *
 * @param file its path, for the error.
 * @throws HarnessError DATA that lists every mistake.
 */
export function parseDraft(text: string, file: string): DraftManifest {
  const check = new Checker(parseRecord(text, file));
  const schema = check.record["schema"];
  if (schema !== DATASET_SCHEMA) {
    check.faults.push(`schema: expected ${show(DATASET_SCHEMA)}, got ${show(schema)}`);
  }
  const draft: DraftManifest = {
    schema: DATASET_SCHEMA,
    name: check.text("name"),
    items: check.integer("items", 1),
    dim: check.integer("dim", 1),
    users: check.integer("users", 0, 0),
    userDim: check.integer("userDim", 1),
    denseDim: check.integer("denseDim", 0, 0),
    columns: check.columns(),
    provenance: (check.record["provenance"] ?? {}) as Provenance,
  };
  const generated = check.generated();
  const widest = Math.max(
    generated === undefined ? draft.items * Math.max(draft.dim, draft.denseDim) : draft.items,
    draft.users * draft.userDim,
  );
  if (widest > MAX_ELEMENTS) {
    check.faults.push(
      `items x dim: an array may hold ${MAX_ELEMENTS} numbers at most, got ${widest}`,
    );
  }
  if (check.faults.length > 0) throw badManifest(file, check.faults);
  return generated === undefined ? draft : { ...draft, generated };
}

/**
 * Reads the text of a finished manifest.
 *
 * @throws HarnessError DATA that lists every mistake, or says that it was never sealed.
 */
export function parseManifest(text: string, file: string): Manifest {
  const draft = parseDraft(text, file);
  const files = parseRecord(text, file)["files"];
  if (files === undefined || files === null || typeof files !== "object") {
    throw new HarnessError("DATA", "the manifest has no hashes of its files", {
      where: file,
      hint: `silverbench dataset build ${file.replace(/[/\\]manifest\.json$/, "")}`,
    });
  }
  const entries = files as Record<string, Partial<FileEntry> | null>;
  const faults: string[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const isWhole =
      Number.isSafeInteger(entry?.bytes) &&
      Array.isArray(entry?.shape) &&
      typeof entry?.dtype === "string" &&
      /^[0-9a-f]{64}$/.test(String(entry?.sha256));
    if (!isWhole)
      faults.push(
        `files[${show(name)}]: expected dtype, shape, bytes and sha256, got ${show(entry)}`,
      );
  }
  if (faults.length > 0) throw badManifest(file, faults);
  return { ...draft, files: entries as Record<string, FileEntry> };
}

function parseRecord(text: string, file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HarnessError("DATA", "expected JSON", { where: file, cause });
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw badManifest(file, [`expected an object, got ${show(value)}`]);
  }
  return value as Record<string, unknown>;
}

const badManifest = (file: string, faults: readonly string[]): HarnessError =>
  new HarnessError("DATA", `the manifest does not describe a dataset:\n  ${faults.join("\n  ")}`, {
    where: file,
    hint: `mend it, then \`silverbench dataset build FOLDER\`; the format is ${DATASET_SCHEMA}`,
  });
