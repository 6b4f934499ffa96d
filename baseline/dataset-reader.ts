import { SealedFiles } from "../src/dataset/file-source.ts";
import { toIds } from "../src/dataset/flat-file.ts";
import { readManifest, requireStored } from "../src/dataset/folder.ts";
import { columnFile, EMBEDDINGS, ITEM_IDS } from "../src/dataset/layout.ts";
import type { Manifest } from "../src/dataset/manifest.ts";
import type { Column } from "../src/retrieval/catalogue.ts";

/**
 * Reads from a dataset only what a service holds: the memory of the mesh's processes is measured,
 * and a gateway has no use for embeddings. Lengths are checked; hashes were when it was loaded.
 */
export class DatasetReader {
  readonly manifest: Manifest;
  readonly #files: SealedFiles;

  private constructor(folder: string, manifest: Manifest) {
    this.manifest = manifest;
    this.#files = new SealedFiles(folder, manifest.files, {
      verify: false,
      hint: `it was there when the run began; see \`silverbench dataset info ${folder}\``,
    });
  }

  static async open(folder: string): Promise<DatasetReader> {
    const { manifest } = await readManifest(folder);
    requireStored(manifest, folder);
    return new DatasetReader(folder, manifest);
  }

  /** Dimensions of an item as an OverArch reads it: its embedding and its dense features. */
  get itemDim(): number {
    return this.manifest.dim + this.manifest.denseDim;
  }

  async itemIds(): Promise<Float64Array> {
    return toIds(await this.#files.array(ITEM_IDS, "uint64", [this.manifest.items]));
  }

  /** float32 [items, dim] */
  async embeddings(): Promise<Float32Array> {
    const { items, dim } = this.manifest;
    return new Float32Array(await this.#files.array(EMBEDDINGS, "float32", [items, dim]));
  }

  /** The columns as filters are bound to them: names, kinds and vocabularies, without values. */
  async columns(): Promise<Column[]> {
    const columns: Column[] = [];
    for (const { name, kind } of this.manifest.columns) {
      if (kind === "numeric") {
        columns.push({ kind, name, values: new Float32Array(0) });
        continue;
      }
      const file = columnFile({ name, kind }, "vocabulary");
      const vocabulary = (await this.#files.json(file)) as string[];
      const none = new Uint32Array(0);
      columns.push({ kind, name, vocabulary, offsets: none, values: none });
    }
    return columns;
  }
}
