import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Session } from "../../src/onnx/session.ts";
import { Artifact } from "../compile/artifact.ts";
import { compileArtifact } from "../compile/compile.ts";
import { oneHead, smallDataset } from "../dataset.fixture.ts";
import { OnnxEngine } from "./onnx-engine.ts";
import { RequestReader } from "./request-reader.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-parts-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a batch beyond what one run has room for is run in parts, with the answers that each has alone", async () => {
  const dataset = smallDataset();
  const path = join(folder, "artifact");
  await compileArtifact({
    dataset,
    // So many candidates a head, in the engine's reckoning, that few requests fit.
    model: { ...oneHead, candidates: 20_000, value: "score + default(age, 0)" },
    settings: {
      precision: "float32",
      scale: "perItem",
      clusters: null,
      eligibility: { kind: "exact" },
    },
    threads: 1,
    folder: path,
    onProgress: () => {},
  });
  const artifact = await Artifact.open(path, { verify: false });
  const session = await Session.open({
    file: artifact.graphPath("cpu"),
    device: "cpu",
    threads: 1,
  });
  const runs: number[] = [];
  const counted = {
    run: (feeds: Parameters<Session["run"]>[0]) => {
      runs.push(feeds["user_rows"]!.dims[0]!);
      return session.run(feeds);
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
  await using engine = new OnnxEngine(counted, artifact.manifest, { device: "cpu" });
  const reader = await RequestReader.open(artifact, "bitmaps");
  const queries = Array.from({ length: 60 }, (_, at) =>
    reader.read({
      user: { kind: "id", id: dataset.users.ids[at % 20]! },
      k: 1 + (at % 9),
      filter: at % 3 === 0 ? "lang:v1" : "",
      exclude: new Float64Array(0),
    }),
  );
  const answers = await engine.answer(queries);
  expect(engine.mostAtOnce).toBe(26);
  expect(runs).toEqual([20, 20, 20]);
  for (const [at, query] of queries.entries()) {
    const [alone] = await engine.answer([query]);
    expect([...answers[at]!.rows]).toEqual([...alone!.rows]);
  }
});
