import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../../src/errors.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { Artifact } from "./artifact.ts";
import { REMOVE_HINT, WEIGHTS_FILE } from "./manifest.ts";

/** One read moves at most 2 GiB less a page. */
const MAX_READ = 1 << 30;

/** An artifact's weights a stretch at a time, for what is larger than memory. */
export class WeightsReader implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  private constructor(file: FileHandle, path: string, tensors: readonly StoredTensor[]) {
    this.#file = file;
    this.#path = path;
    this.#tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  static async open({ folder, manifest }: Artifact): Promise<WeightsReader> {
    const path = join(folder, WEIGHTS_FILE);
    return new WeightsReader(await open(path, "r"), path, manifest.tensors);
  }

  /** @throws HarnessError DATA if there is no tensor of that name. */
  tensor(name: string): StoredTensor {
    const tensor = this.#tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw new HarnessError("DATA", `the artifact has no tensor ${name}`, { where: this.#path });
  }

  /**
   * Fills `into` with the bytes of a tensor from one on.
   * @throws HarnessError DATA if the file ends before.
   */
  async read(name: string, first: number, into: Uint8Array): Promise<void> {
    const { offset } = this.tensor(name);
    for (let done = 0; done < into.byteLength;) {
      const length = Math.min(into.byteLength - done, MAX_READ);
      const position = offset + first + done;
      const { bytesRead } = await this.#file.read(into, done, length, position);
      if (bytesRead === 0) {
        throw new HarnessError("DATA", `the artifact is damaged: it ends within tensor ${name}`, {
          where: this.#path,
          hint: REMOVE_HINT,
        });
      }
      done += bytesRead;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
