import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { HarnessError } from "../errors.ts";
import { Histogram } from "../math/histogram.ts";
import { writeFileAtomically } from "./atomic-file.ts";

const ENCODING = "HdrHistogram V2, compressed, base64";

/** Where a point's latency histogram lies, relative to the bundle: readable, and one file a key. */
export function samplesPath(key: string): string {
  const readable = key.replaceAll(/[^a-z0-9]+/gi, "-").slice(0, 80);
  const distinct = createHash("sha256").update(key).digest("hex").slice(0, 8);
  return `samples/${readable}-${distinct}.hdr.json`;
}

/** The latencies of a point, in microseconds. */
export interface Latencies {
  /** From the time each request was due. */
  readonly latency: Histogram;
  /** From the time it was sent; null where that is the same. */
  readonly sendLatency: Histogram | null;
}

/** @returns the file's path, relative to the bundle. */
export async function writeSamples(
  bundle: string,
  key: string,
  { latency, sendLatency }: Latencies,
): Promise<string> {
  const path = samplesPath(key);
  await mkdir(dirname(join(bundle, path)), { recursive: true });
  const content = {
    key,
    unit: "microseconds",
    count: latency.count,
    encoding: ENCODING,
    histogram: latency.encode(),
    ...(sendLatency === null ? {} : { fromSend: sendLatency.encode() }),
  };
  await writeFileAtomically(join(bundle, path), `${JSON.stringify(content)}\n`);
  return path;
}

/**
 * @param path as the point names it, relative to the bundle.
 * @throws HarnessError DATA if it is absent, damaged, another point's or outside the bundle.
 */
export async function readSamples(bundle: string, path: string, key: string): Promise<Histogram> {
  const file = join(bundle, path);
  const inside = relative(bundle, file);
  if (inside.startsWith(`..${sep}`) || inside === "..") {
    throw new HarnessError("DATA", `the samples of ${key} lie outside the bundle: ${path}`);
  }
  try {
    const content = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    const { key: writtenFor, encoding, histogram, count } = content;
    if (writtenFor !== key) throw new Error(`it holds the samples of ${String(writtenFor)}`);
    if (encoding !== ENCODING) throw new Error(`unknown encoding ${String(encoding)}`);
    const decoded = Histogram.decode(String(histogram));
    if (decoded.count !== count)
      throw new Error(`it holds ${decoded.count} of ${String(count)} samples`);
    return decoded;
  } catch (cause) {
    throw new HarnessError("DATA", `the samples of ${key} cannot be read`, { where: file, cause });
  }
}
