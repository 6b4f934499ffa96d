/** Length of what stands before a gRPC message: a flag, then the message's length. */
export const FRAME_HEADER_BYTES = 5;

/** A message as gRPC sends it: uncompressed, and its length in front (PROTOCOL-HTTP2.md). */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + message.byteLength);
  frame[0] = 0;
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, FRAME_HEADER_BYTES);
  return frame;
}

/** The message of a frame; a view. */
export function unframed(frame: Buffer): Buffer {
  return frame.subarray(FRAME_HEADER_BYTES);
}
