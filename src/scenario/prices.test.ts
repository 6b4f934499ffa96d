import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { loadPrices, parsePrices } from "./prices.ts";

const folder = new URL("../../scenarios/prices/", import.meta.url).pathname;

describe("a price sheet", () => {
  it("is readable, each that ships", async () => {
    const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml"));
    expect(files).toEqual(expect.arrayContaining(["example.yaml", "paper.yaml"]));
    for (const file of files) {
      const sheet = await loadPrices(folder + file);
      expect(file).toBe(`${sheet.name}.yaml`);
    }
  });

  it("prices one A100 of the paper's at 2.47 dollars an hour", async () => {
    const { shapes } = await loadPrices(`${folder}paper.yaml`);
    const price = (name: string): number => shapes.find((s) => s.name === name)!.dollarsPerHour;
    expect((price("p4d.24xlarge") - price("x2idn.24xlarge")) / 8).toBeCloseTo(2.47, 2);
  });

  it("reports every mistake with its line", () => {
    const text = [
      "schema: silverbench.prices/1",
      "name: mine",
      "source: a bill",
      "date: yesterday",
      "shapes:",
      "  - { name: small, vcpus: 2, memoryGiB: 8, dollarsPerHour: 0 }",
      "  - { name: large, vcpu: 4, memoryGiB: 16, dollarsPerHour: 1 }",
    ].join("\n");
    const message = messageOf(() => parsePrices(text, "mine.yaml"));
    expect(message).toContain(
      'mine.yaml:4:7: date: expected a date like 2026-11-22, came "yesterday"',
    );
    expect(message).toContain("mine.yaml:6:60: shapes.0.dollarsPerHour");
    expect(message).toContain("mine.yaml:7:20: shapes.1.vcpu: unknown field");
    expect(message).toMatch(/shapes\.1\.vcpus: is missing/);
  });

  it("refuses a shape listed twice", () => {
    const shape = "{ name: a, vcpus: 1, memoryGiB: 1, dollarsPerHour: 1 }";
    const text = `schema: silverbench.prices/1\nname: x\nsource: y\ndate: 2026-01-01\nshapes: [${shape}, ${shape}]`;
    expect(messageOf(() => parsePrices(text, "x.yaml"))).toContain("a is listed twice");
  });

  it("names the file that is not there", async () => {
    await expect(loadPrices("/nowhere/prices.yaml")).rejects.toMatchObject({ code: "DATA" });
  });
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("expected an error");
}
