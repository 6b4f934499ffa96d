import { readSync } from "node:fs";
import { HarnessError } from "../../src/errors.ts";
import { REMOVE_HINT } from "./manifest.ts";

/** Where bytes of a tensor lie. */
export interface TensorPlace {
  /** Of the open weights file. */
  readonly file: number;
  readonly path: string;
  readonly tensor: string;
  /** In the file. */
  readonly position: number;
}

/**
 * Fills an array with what lies at a place, while the caller waits.
 * @throws HarnessError DATA if the file ends before.
 */
export function readTensor(
  { buffer, byteOffset, byteLength }: ArrayBufferView,
  { file, path, tensor, position }: TensorPlace,
): void {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let done = 0; done < byteLength;) {
    const read = readSync(file, bytes, done, byteLength - done, position + done);
    if (read === 0) {
      throw new HarnessError("DATA", `the artifact is damaged: it ends within tensor ${tensor}`, {
        where: path,
        hint: REMOVE_HINT,
      });
    }
    done += read;
  }
}
