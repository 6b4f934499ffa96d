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

  it("has a plan for the fleet, by default the same as the example's", async () => {
    const plan = { requestsPerSecond: 10_000, headRoom: 0.3, spares: 1 };
    expect((await loadPrices(`${folder}paper.yaml`)).plan).toEqual(plan);
    expect((await loadPrices(`${folder}example.yaml`)).plan).toEqual(plan);
  });

  it("refuses a host that is not there, has GPUs itself or is not cheaper", () => {
    const shape = (name: string, price: number, gpus = "") =>
      `{ name: ${name}, vcpus: 1, memoryGiB: 1, dollarsPerHour: ${price}${gpus} }`;
    const gpus = (host: string) =>
      `, gpus: { count: 1, model: x, memoryGiB: 1, hostShape: ${host} }`;
    const sheet = (...shapes: string[]) =>
      `schema: silverbench.prices/1\nname: x\nsource: y\ndate: 2026-01-01\nshapes: [${shapes.join(", ")}]`;
    const plain = shape("plain", 1);
    expect(() => parsePrices(sheet(plain, shape("a", 2, gpus("plain"))), "x.yaml")).not.toThrow();
    for (const host of ["plan", "b", "plain"]) {
      const text = sheet(plain, shape("a", 1, gpus(host)), shape("b", 0.5, gpus("plain")));
      expect(messageOf(() => parsePrices(text, "x.yaml"))).toContain(`came "${host}"`);
    }
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
