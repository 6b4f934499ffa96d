import {
  cp,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { oneHead, smallDataset } from "../dataset.fixture.ts";
import { Artifact } from "./artifact.ts";
import { compileArtifact } from "./compile.ts";
import { ARTIFACT_SCHEMA, MANIFEST_FILE, WEIGHTS_FILE } from "./manifest.ts";

let scratch = "";
let sound = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-artifact-"));
  sound = join(scratch, "sound");
  await compileTo(sound);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const compileTo = (folder: string, model: object = {}): Promise<void> =>
  compileArtifact({
    dataset: smallDataset(),
    model: { ...oneHead, ...model },
    settings: {
      precision: "float32",
      scale: "perItem",
      clusters: null,
      eligibility: { kind: "exact" },
    },
    threads: 1,
    folder,
    onProgress: () => {},
  });

/** A copy of the artifact with a file of it changed. */
async function damaged(name: string, damage: (path: string) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(scratch, "copy-"));
  await cp(sound, folder, { recursive: true });
  await damage(join(folder, name));
  return folder;
}

const refusal = (folder: string, verify: boolean | "touched" = false): Promise<unknown> =>
  Artifact.open(folder, { verify }).then(
    () => "opened",
    (error: unknown) => error,
  );

async function flipByte(path: string): Promise<void> {
  const file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 1000);
  byte[0]! ^= 1;
  await file.write(byte, 0, 1, 1000);
  await file.close();
}

test("what was written is found, whole and the same whenever it is compiled", async () => {
  const artifact = await Artifact.open(sound, { verify: true });
  expect(artifact.manifest.items).toBe(300);
  const { catalogue } = smallDataset();
  expect(new Float64Array(await artifact.tensor("items.ids"))).toEqual(catalogue.ids);
  const again = join(scratch, "again");
  await compileTo(again);
  expect(await readFile(join(again, MANIFEST_FILE), "utf8")).toBe(
    await readFile(join(sound, MANIFEST_FILE), "utf8"),
  );
});

// Whoever started the compiler gives it up after a minute without a word.
test("each step that takes long with many items tells how far it is", async () => {
  const told = new Map<string, number>();
  await compileArtifact({
    dataset: smallDataset(),
    model: oneHead,
    settings: {
      precision: "int8",
      scale: "perItem",
      clusters: 4,
      eligibility: { kind: "bloom", hashes: 2, width: { bits: 64 }, exact: true },
    },
    threads: 1,
    folder: join(scratch, "told"),
    onProgress: (phase, fraction) => told.set(phase, fraction),
  });
  expect([...told.keys()]).toEqual([
    "finding clusters",
    "writing the embeddings",
    "indexing the attributes",
    "writing the bitmaps",
    "writing the attributes by item",
    "writing the attributes by column",
  ]);
  for (const [phase, last] of told) expect(last, phase).toBeCloseTo(1);
});

test("a file that is cut short or missing is refused by its size", async () => {
  const short = await damaged(WEIGHTS_FILE, (path) => truncate(path, 100));
  expect(await refusal(short)).toMatchObject({
    code: "DATA",
    where: join(short, WEIGHTS_FILE),
    message: expect.stringContaining("has 100 bytes instead of") as string,
  });
  const missing = await damaged("model.cpu.onnx", (path) => rm(path));
  expect(await refusal(missing)).toMatchObject({
    code: "DATA",
    where: join(missing, "model.cpu.onnx"),
  });
});

test("a changed byte is found when the files are verified, all or those touched since", async () => {
  const folder = await damaged(WEIGHTS_FILE, flipByte);
  const differs = {
    code: "DATA",
    where: join(folder, WEIGHTS_FILE),
    message: expect.stringContaining("its hash differs") as string,
  };
  expect(await refusal(folder, true)).toMatchObject(differs);
  expect(await refusal(folder, "touched")).toMatchObject(differs);
  // As if it had always been so: nobody looks.
  await utimes(join(folder, WEIGHTS_FILE), 0, 0);
  expect(await refusal(folder, "touched")).toBe("opened");
  expect(await refusal(sound, "touched")).toBe("opened");
});

const message = (text: string): object => ({
  code: "DATA",
  message: expect.stringContaining(text) as string,
});

test("a manifest that is cut short, changed, of another version or missing is refused", async () => {
  const edit = (change: (text: string) => string): Promise<string> =>
    damaged(MANIFEST_FILE, async (path) => writeFile(path, change(await readFile(path, "utf8"))));
  expect(await refusal(await edit((text) => text.slice(0, -20)))).toMatchObject(
    message("is not whole"),
  );
  expect(
    await refusal(await edit((text) => text.replace('"items": 300', '"items": 301'))),
  ).toMatchObject(message("was changed after it was written"));
  expect(
    await refusal(await edit((text) => text.replace(ARTIFACT_SCHEMA, "silverbench.artifact/0"))),
  ).toMatchObject(message('the artifact is "silverbench.artifact/0"'));
  const missing = await damaged(MANIFEST_FILE, (path) => rm(path));
  expect(await refusal(missing)).toMatchObject(message("there is no artifact"));
});

test("a model that does not fit is refused before anything stands in the cache", async () => {
  const folder = join(scratch, "unfit");
  await expect(compileTo(folder, { heads: 3 })).rejects.toMatchObject({ code: "BAD_INPUT" });
  expect(await readdir(scratch)).not.toContain("unfit");
});
