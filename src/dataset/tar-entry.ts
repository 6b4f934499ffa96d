import { HarnessError } from "../errors.ts";

const BLOCK = 512;

/**
 * The bytes of one file in a tar stream (POSIX ustar, as npm packs it), as they come by.
 *
 * @throws HarnessError DATA if the stream ends without it.
 */
export async function* tarEntry(
  stream: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  /** Bytes of the entry at hand still to come, and the padding behind them. */
  let body = 0;
  let padding = 0;
  let isWanted = false;
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (body > 0) {
        const part = rest.subarray(0, body);
        if (isWanted && part.length > 0) yield part;
        body -= part.length;
        rest = rest.subarray(part.length);
        if (body > 0) break;
        if (isWanted) return;
      }
      if (rest.length < padding + BLOCK) break;
      const header = rest.subarray(padding, padding + BLOCK);
      rest = rest.subarray(padding + BLOCK);
      body = Number.parseInt(textAt(header, 124, 12), 8) || 0;
      padding = (BLOCK - (body % BLOCK)) % BLOCK;
      isWanted = fullName(header) === name;
      if (isWanted && body === 0) return;
    }
  }
  throw new HarnessError("DATA", `the archive has no whole ${name}`);
}

/** ustar splits a long path into a prefix and a name. */
function fullName(header: Buffer): string {
  const prefix = textAt(header, 345, 155);
  const name = textAt(header, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textAt(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end).trim();
}
