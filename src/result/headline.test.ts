import { describe, expect, it } from "vitest";
import { headlineOf } from "./headline.ts";
import {
  alteredSample,
  IN_PROCESS,
  MESH,
  MODEL,
  sampleResult,
  smallSample,
} from "./sample-result.fixture.ts";

describe("the headline", () => {
  it("states both ratios with interval and rounds", () => {
    const { sentence, subject, overInProcess } = headlineOf(smallSample());
    expect(subject).toBe("model");
    expect(overInProcess!.over).toBe("mesh-in-process");
    expect(sentence).toMatch(
      /^At recall 0\.95 or better, model answers 3\.\d\d times as many requests a second as mesh \(95% interval 3\.\d\d to 3\.\d\d, 5 paired rounds\); against the same mesh in one process, 1\.\d\d times as many \(95% interval .*\)\.$/,
    );
  });

  it.each([
    [
      "recall below the target",
      { recall: 0.91 },
      /No ratio is stated: of model, its recall is 0\.910/,
    ],
    ["short answers", { short: 3 }, /No ratio is stated: of model, 15 of its answers are short/],
    [
      "no valid round",
      { verdict: "invalid" },
      /No ratio is stated: of model, none of its rounds is valid/,
    ],
    ["no recall", { recall: null }, /No ratio is stated: of model, its recall was not measured/],
  ] as const)("states no ratio with %s", (_, change, expected) => {
    const result = alteredSample("model", change);
    expect(headlineOf(result).sentence).toMatch(expected);
    expect(result.doubts.map(({ code }) => code)).toContain("below-target");
  });

  it("says so when the model is slower, and when it is not settled", () => {
    const slower = { mesh: MODEL, model: MESH };
    const { sentence } = headlineOf(smallSample(slower));
    expect(sentence).toMatch(/model answers only 0\.3\d+ times as many requests a second as mesh/);
    const alike = { mesh: MESH, model: { ...MESH, throughput: MESH.throughput * 1.01 } };
    const close = headlineOf(smallSample(alike));
    expect(close.sentence).toMatch(/^It is not settled whether model or mesh answers more/);
  });

  it("names every further challenger, and only those whose ratio may be stated", () => {
    const { others, sentence } = headlineOf(
      smallSample({
        mesh: MESH,
        model: MODEL,
        fused: { ...MODEL, throughput: 10 * MESH.throughput },
      }),
    );
    expect(others.map(({ of, over }) => [of, over])).toEqual([["fused", "mesh"]]);
    expect(sentence).toMatch(
      /\)\. Against mesh, fused answers (10\.\d|9\.\d\d) times as many \(95% interval .*, 5 paired rounds\)\.$/,
    );
    const { result: lacking } = sampleResult({
      samplesPerPoint: 50,
      behaviours: { mesh: MESH, model: MODEL, fused: MODEL },
      alter: (point) => (point.system === "fused" ? { ...point, recall: 0.5 } : point),
    });
    expect(headlineOf(lacking).others).toEqual([]);
  });

  it("holds whoever has a card against a mesh that has one as well", () => {
    const card = { ...MODEL, device: "cuda", throughput: 10 * MESH.throughput };
    const { overMeshOnGpu, sentence } = headlineOf(
      smallSample({
        mesh: MESH,
        "mesh-cuda": { ...MESH, device: "cuda", throughput: 2 * MESH.throughput },
        model: MODEL,
        "model-cuda": card,
      }),
    );
    expect(overMeshOnGpu.map(({ of, over }) => [of, over])).toEqual([["model-cuda", "mesh-cuda"]]);
    expect(sentence).toMatch(
      /\. Against mesh-cuda, which has a card as well, model-cuda answers (4\.\d\d|5\.\d\d) times as many \(95% interval .*\)\.$/,
    );
    expect(headlineOf(smallSample({ mesh: MESH, model: card })).overMeshOnGpu).toEqual([]);
  });

  it("has no interval after one round", () => {
    const { sentence } = headlineOf(alteredSample("", {}, 1));
    expect(sentence).toContain("(one round, no interval)");
  });

  it("of one system alone states its throughput", () => {
    expect(headlineOf(smallSample({ model: MODEL })).sentence).toMatch(
      /^In this run model answers [\d,]+ requests a second \(median of 5/,
    );
    expect(headlineOf(smallSample({ mesh: MESH })).sentence).toMatch(
      /^In this run the mesh \(mesh\) answers/,
    );
    expect(
      headlineOf(smallSample({ "mesh-in-process": IN_PROCESS, model: MODEL })).sentence,
    ).toContain("no mesh here");
  });
});
