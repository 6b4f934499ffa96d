import type { RetrievalRequest } from "../retrieval/request.ts";

/** Requests encoded ahead of the clock, in shared memory, so that any thread reads them. */
export interface RequestBytes {
  readonly bytes: SharedArrayBuffer;
  /** [requests + 1] request i is `bytes[offsets[i] .. offsets[i + 1])`. */
  readonly offsets: Float64Array;
}

export type Encode = (request: RetrievalRequest) => Uint8Array;

/** Requests encoded in one stretch before the event loop gets its turn. */
const STRETCH = 1_000;

const known = new WeakMap<readonly RetrievalRequest[], Map<Encode, Promise<RequestBytes>>>();

/** The requests as bytes. A list is encoded once and kept as long as the list is. */
export function requestBytes(
  requests: readonly RetrievalRequest[],
  encode: Encode,
): Promise<RequestBytes> {
  const byFormat = known.get(requests) ?? new Map<Encode, Promise<RequestBytes>>();
  known.set(requests, byFormat);
  const made = byFormat.get(encode) ?? encodeAll(requests, encode);
  byFormat.set(encode, made);
  return made;
}

async function encodeAll(
  requests: readonly RetrievalRequest[],
  encode: Encode,
): Promise<RequestBytes> {
  const parts: Uint8Array[] = [];
  const offsets = new Float64Array(requests.length + 1);
  for (const [i, request] of requests.entries()) {
    const part = encode(request);
    parts.push(part);
    offsets[i + 1] = offsets[i]! + part.byteLength;
    if (i % STRETCH === 0) await new Promise(setImmediate);
  }
  const bytes = new SharedArrayBuffer(offsets[requests.length]);
  const all = new Uint8Array(bytes);
  for (const [i, part] of parts.entries()) all.set(part, offsets[i]);
  return { bytes, offsets };
}
