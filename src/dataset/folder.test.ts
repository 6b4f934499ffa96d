import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DatasetParts } from "./dataset.ts";
import { readDataset, readLabels, readManifest, sealDataset, writeDataset } from "./folder.ts";

const silent = (): void => {};

/** Three items, two users, one column of each kind, an id beyond 32 bits. */
function tiny(): DatasetParts {
  return {
    name: "tiny",
    catalogue: {
      count: 3,
      dim: 2,
      embeddings: Float32Array.of(1, 0, 0, 1, 0.5, -0.5),
      ids: Float64Array.of(7, 2 ** 40 + 3, 2 ** 53 - 1),
      columns: [
        {
          kind: "categorical",
          name: "topic",
          vocabulary: ["pop", 'said "Ünïcode"'],
          offsets: Uint32Array.of(0, 2, 2, 3),
          values: Uint32Array.of(0, 1, 1),
        },
        { kind: "numeric", name: "price", values: Float32Array.of(1.5, Number.NaN, 0) },
      ],
      dense: Float32Array.of(1, 2, 3),
      denseDim: 1,
    },
    users: {
      count: 2,
      dim: 2,
      ids: Float64Array.of(0, 9e9),
      features: Float32Array.of(1, 0, 0, 1),
    },
    labels: { items: ["a", "b", "c"], users: ["x", "y"] },
    provenance: { source: "by hand" },
  };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-dataset-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);
const read = (verify = true): ReturnType<typeof readDataset> => readDataset(folder, { verify });

async function editManifest(edit: (manifest: Record<string, unknown>) => void): Promise<void> {
  const manifest = JSON.parse(await readFile(file("manifest.json"), "utf8")) as Record<
    string,
    unknown
  >;
  edit(manifest);
  await writeFile(file("manifest.json"), JSON.stringify(manifest));
}

describe("a dataset written and read", () => {
  test("is the same, on shared memory", async () => {
    await writeDataset(folder, tiny(), silent);
    const dataset = await read();
    const { catalogue, users } = tiny();
    expect(dataset).toMatchObject({ name: "tiny", folder, catalogue, users });
    expect(dataset.catalogue.embeddings.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(dataset.catalogue.ids.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(await readLabels(folder)).toEqual(tiny().labels);
  });

  test("has the same hash for the same contents, another for others", async () => {
    await writeDataset(join(folder, "one"), tiny(), silent);
    await writeDataset(join(folder, "two"), tiny(), silent);
    const other = tiny();
    other.catalogue.embeddings[0] = 0.5;
    await writeDataset(join(folder, "three"), other, silent);
    const [one, two, three] = await Promise.all(
      ["one", "two", "three"].map(async (name) => (await readManifest(join(folder, name))).hash),
    );
    expect(one).toBe(two);
    expect(three).not.toBe(one);
  });

  test("needs neither labels, dense features, columns nor users", async () => {
    const { catalogue, users } = tiny();
    const bare: DatasetParts = {
      name: "bare",
      catalogue: { ...catalogue, columns: [], dense: new Float32Array(0), denseDim: 0 },
      users: { ...users, count: 0, ids: new Float64Array(0), features: new Float32Array(0) },
      provenance: {},
    };
    await writeDataset(folder, bare, silent);
    const { users: none, catalogue: plain } = await read();
    expect([none.count, plain.columns.length, plain.dense.length]).toEqual([0, 0, 0]);
    expect(await readLabels(folder)).toBeUndefined();
  });

  test("reports progress up to 1", async () => {
    const fractions: number[] = [];
    await writeDataset(folder, tiny(), (_, fraction) => fractions.push(fraction));
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });
});

describe("a damaged dataset is refused, naming file, expected and actual", () => {
  beforeEach(() => writeDataset(folder, tiny(), silent).then(silent));

  test("a flipped byte, where it is verified", async () => {
    const bytes = await readFile(file("embeddings.f32"));
    bytes[5]! ^= 1;
    await writeFile(file("embeddings.f32"), bytes);
    await expect(read()).rejects.toMatchObject({
      code: "DATA",
      where: file("embeddings.f32"),
      message: expect.stringMatching(/expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}/),
      hint: expect.stringContaining(`silverbench dataset build ${folder}`),
    });
    await expect(read(false)).resolves.toBeDefined();
  });

  test("a truncated file, even where it is not verified", async () => {
    await truncate(file("user-features.f32"), 12);
    await expect(read(false)).rejects.toMatchObject({
      code: "DATA",
      where: file("user-features.f32"),
      message: "the file is cut short: expected 16 bytes, got 12",
    });
  });

  test("a missing file", async () => {
    await rm(file("column-topic.values.u32"));
    await expect(read()).rejects.toMatchObject({
      code: "DATA",
      where: file("column-topic.values.u32"),
      message: "the file is missing",
      hint: expect.stringContaining("remove the folder"),
    });
  });

  test("a folder without a manifest", async () => {
    await rm(file("manifest.json"));
    await expect(read()).rejects.toMatchObject({ code: "DATA", where: file("manifest.json") });
  });

  test("a manifest that is no JSON, or no object", async () => {
    await writeFile(file("manifest.json"), "{");
    await expect(read()).rejects.toMatchObject({ code: "DATA", message: "expected JSON" });
    await writeFile(file("manifest.json"), "[1]");
    await expect(read()).rejects.toThrow("expected an object, got [1]");
  });

  test("a manifest with several mistakes, all at once", async () => {
    await editManifest((manifest) => {
      manifest["schema"] = "other/1";
      manifest["items"] = -3;
      manifest["columns"] = [
        { name: "not a name", kind: "numeric" },
        { name: "x", kind: "date" },
        { name: "x", kind: "numeric" },
      ];
    });
    const error = await read().catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).toMatchInlineSnapshot(`
      "the manifest does not describe a dataset:
        schema: expected "silverbench.dataset/1", got "other/1"
        items: expected a whole number of at least 1, got -3
        columns[0].name: expected a name as filters write it, got "not a name"
        columns[1].kind: expected categorical or numeric, got "date"
        columns[2].name: "x" comes twice"
    `);
  });

  test("a manifest whose shape and files disagree", async () => {
    await editManifest((manifest) => {
      manifest["dim"] = 4;
    });
    await expect(read(false)).rejects.toMatchObject({
      code: "DATA",
      where: file("manifest.json"),
      message:
        "expected embeddings.f32 to be float32 [3, 4], 48 bytes; the manifest says float32 [3, 2], 24 bytes",
    });
  });

  test("a manifest without hashes, or without one of them", async () => {
    await editManifest((manifest) => {
      delete (manifest["files"] as Record<string, unknown>)["user-ids.u64"];
    });
    await expect(read()).rejects.toThrow("the manifest has no entry for user-ids.u64");
    await editManifest((manifest) => {
      delete manifest["files"];
    });
    await expect(read()).rejects.toMatchObject({
      code: "DATA",
      hint: `silverbench dataset build ${folder}`,
    });
  });

  test("more numbers than an array can hold", async () => {
    await editManifest((manifest) => {
      manifest["items"] = 100_000_000;
      manifest["dim"] = 128;
    });
    await expect(read()).rejects.toThrow(
      "an array may hold 4294967295 numbers at most, got 12800000000",
    );
  });
});

describe("contents that no hash can vouch for are refused before they are written", () => {
  const faults: readonly [string, (parts: DatasetParts) => void, string, RegExp][] = [
    [
      "NaN in an embedding",
      ({ catalogue }) => (catalogue.embeddings[3] = Number.NaN),
      "embeddings.f32",
      /row 1, dimension 1: expected a finite number, got NaN/,
    ],
    [
      "infinity in a user",
      ({ users }) => (users.features[0] = -Infinity),
      "user-features.f32",
      /row 0, dimension 0: expected a finite number, got -Infinity/,
    ],
    [
      "NaN in a dense feature",
      ({ catalogue }) => (catalogue.dense[2] = Number.NaN),
      "dense.f32",
      /row 2, dimension 0/,
    ],
    [
      "an id twice",
      ({ catalogue }) => (catalogue.ids[2] = 7),
      "item-ids.u64",
      /expected each id once, got 7 in rows 0 and 2/,
    ],
    [
      "an id beyond 2^53",
      ({ users }) => (users.ids[1] = 2 ** 53),
      "user-ids.u64",
      /row 1: expected an unsigned integer below 2\^53, got 9007199254740992/,
    ],
    [
      "infinity in a numeric column",
      ({ catalogue }) => ((catalogue.columns[1]!.values as Float32Array)[1] = Infinity),
      "column-price.values.f32",
      /row 1: expected a finite number, or NaN for none, got Infinity/,
    ],
    [
      "a code outside the vocabulary",
      ({ catalogue }) => (catalogue.columns[0]!.values[2] = 2),
      "column-topic.values.u32",
      /row 2: expected a code below 2, the size of the vocabulary, got 2/,
    ],
    [
      "codes that do not rise",
      ({ catalogue }) => (catalogue.columns[0]!.values[0] = 1),
      "column-topic.values.u32",
      /row 0: expected codes that rise, each once, got 1 then 1/,
    ],
  ];

  test.each(faults)("%s", async (_, spoil, name, message) => {
    const parts = tiny();
    spoil(parts);
    await expect(writeDataset(folder, parts, silent)).rejects.toMatchObject({
      code: "DATA",
      where: file(name),
      message: expect.stringMatching(message),
    });
  });
});

describe("sealDataset: a folder that a person filled", () => {
  /** As if written by numpy's tofile and a text editor. */
  beforeEach(async () => {
    await writeDataset(folder, tiny(), silent);
    await editManifest((manifest) => {
      for (const added of ["files", "provenance"]) delete manifest[added];
    });
  });

  test("gets the hashes it lacked and is then read like any other", async () => {
    await sealDataset(folder, silent);
    const { catalogue, users } = tiny();
    expect(await read()).toMatchObject({ name: "tiny", catalogue, users });
    expect(await readLabels(folder)).toEqual(tiny().labels);
  });

  test("may be sealed again after a change", async () => {
    const before = (await sealDataset(folder, silent)).files["embeddings.f32"]!.sha256;
    await writeFile(
      file("embeddings.f32"),
      new Uint8Array(Float32Array.of(1, 1, 1, 1, 1, 1).buffer),
    );
    const after = await sealDataset(folder, silent);
    expect(after.files["embeddings.f32"]!.sha256).not.toBe(before);
    expect((await read()).catalogue.embeddings[1]).toBe(1);
  });

  test("is refused with NaN, a wrong length, a missing file or a vocabulary of numbers", async () => {
    const embeddings = Float32Array.of(1, 0, 0, Number.NaN, 0, 0);
    await writeFile(file("embeddings.f32"), new Uint8Array(embeddings.buffer));
    await expect(sealDataset(folder, silent)).rejects.toMatchObject({
      where: file("embeddings.f32"),
      message: "row 1, dimension 1: expected a finite number, got NaN",
    });
    await writeFile(file("embeddings.f32"), new Uint8Array(28));
    await expect(sealDataset(folder, silent)).rejects.toThrow(
      "too long: expected 24 bytes, got 28",
    );
    await writeFile(file("column-topic.values.u32"), new Uint8Array(7));
    await expect(sealDataset(folder, silent)).rejects.toThrow(
      "expected a multiple of 4 bytes (uint32), got 7",
    );
    await writeFile(file("column-topic.vocabulary.json"), "[1, 2]");
    await expect(sealDataset(folder, silent)).rejects.toMatchObject({
      where: file("column-topic.vocabulary.json"),
    });
    await rm(file("column-topic.vocabulary.json"));
    await expect(sealDataset(folder, silent)).rejects.toThrow("the file is missing");
  });

  test("offsets that do not fit the values are refused", async () => {
    await writeFile(
      file("column-topic.offsets.u32"),
      new Uint8Array(Uint32Array.of(0, 2, 2, 9).buffer),
    );
    await expect(sealDataset(folder, silent)).rejects.toThrow(
      "expected to end with 3, the number of values, got 9",
    );
  });

  test("a copy elsewhere is the same dataset", async () => {
    await sealDataset(folder, silent);
    const copy = `${folder}-copy`;
    await cp(folder, copy, { recursive: true });
    const { hash } = await readDataset(copy, { verify: true });
    await rm(copy, { recursive: true });
    expect(hash).toBe((await read()).hash);
  });
});
