type Numbers = Float32Array | Float64Array | Uint32Array;

/** Arrays one after the other, in a new one. */
export function concatenated<Own extends Numbers>(
  Kind: new (length: number) => Own,
  parts: readonly Own[],
): Own {
  const all = new Kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
