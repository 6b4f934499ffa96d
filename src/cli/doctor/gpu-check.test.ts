import { expect, test } from "vitest";
import { gpuLine, type GpuTold } from "./gpu-check.ts";

const card: GpuTold = {
  kind: "there",
  device: "some card",
  driver: "driver 1.2",
  isSoftware: false,
  features: ["subgroups", "timestamp-query"],
  subgroupSizes: [32, 32],
  workgroupBytes: 49_152,
  bindingBytes: 2 ** 31 - 4,
};

test("a card is told with its driver, features and limits", () => {
  expect(gpuLine(card)).toEqual({
    name: "engine fused",
    status: "ok",
    found:
      "some card (driver 1.2); subgroups, timestamp-query; subgroups of 32 to 32, 48 KiB a workgroup, 2.0 GiB a binding",
  });
});

test("a processor that plays a GPU is a warning, and so is none, with what to do", () => {
  expect(gpuLine({ ...card, isSoftware: true })).toMatchObject({
    status: "warn",
    found: expect.stringMatching(/^a processor plays the GPU/) as string,
  });
  expect(gpuLine({ kind: "missing", why: "no GPU", hint: "install one" })).toEqual({
    name: "engine fused",
    status: "warn",
    found: "no GPU",
    advice: "install one; the engine onnx needs no GPU",
  });
});
