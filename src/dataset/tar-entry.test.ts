import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tarEntry } from "./tar-entry.ts";

/** Longer than the 100 characters of a name: tar splits it. */
const deep = `package/${"folder/".repeat(14)}deep.txt`;
const contents = new Map([
  ["package/empty", ""],
  ["package/block", "x".repeat(512)],
  ["package/last.json", JSON.stringify({ text: "y".repeat(1500) })],
  [deep, "found"],
]);

let archive: Buffer;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "silverbench-tar-"));
  for (const [name, text] of contents) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  archive = execFileSync("tar", ["--format=ustar", "-cf", "-", ...contents.keys()], {
    cwd: folder,
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) {
    yield await Promise.resolve(bytes.subarray(start, start + size));
  }
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("each file of an archive made by tar is found, however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), async (size) => {
      for (const [name, text] of contents) {
        expect(await textOf(tarEntry(inChunks(archive, size), name))).toBe(text);
      }
    }),
    { numRuns: 20 },
  );
});

test("a file that is not there, or not wholly there, is an error", async () => {
  await expect(textOf(tarEntry(inChunks(archive, 512), "package/other"))).rejects.toThrow(
    "the archive has no whole package/other",
  );
  const cut = archive.subarray(0, archive.indexOf("yyyy") + 100);
  await expect(textOf(tarEntry(inChunks(cut, 512), "package/last.json"))).rejects.toMatchObject({
    code: "DATA",
  });
});
