/**
 * A float32 array on its way to a thread. Node 20 writes the bytes of a typed array as a 32-bit
 * number when it is sent: of one of 4 GiB or more, what is beyond a multiple of that arrives. The
 * memory under it arrives whole.
 */
export interface ThreadArray {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  /** Numbers. */
  readonly length: number;
}

export const toThread = ({ buffer, byteOffset, length }: Float32Array): ThreadArray => ({
  buffer,
  byteOffset,
  length,
});

export const fromThread = ({ buffer, byteOffset, length }: ThreadArray): Float32Array =>
  new Float32Array(buffer, byteOffset, length);
