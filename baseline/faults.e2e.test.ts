import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import type { Answer } from "../src/retrieval/request.ts";
import { type ReachedMesh, Workbench } from "./workbench.ts";

const bench = await Workbench.openTemporary({
  dataset: { kind: "synthetic", items: 2_000, dim: 16, users: 50 },
  requests: { distinct: 20, k: 10, filters: [{ template: "" }, { template: "u < 60" }] },
});
const { requests } = bench;

const ranked: ModelSpec = {
  ...bench.model,
  heads: 2,
  tower: { kind: "mlp", hidden: [24] },
  candidates: 60,
  overarch: "mlp",
  tasks: ["click"],
  mlp: { hidden: [16] },
  value: "click + 0.01 * default(price, 0)",
};

/** Until the harm is undone, at least; it stays until somebody has met it, at most so long. */
const HARMED_MS = 250;
const LONGEST_HARM_MS = 20_000;

let mesh: ReachedMesh;
let whole: readonly Answer[];

beforeAll(async () => {
  // Without a cache each request needs every service.
  const settings = { store: "redis", towers: "service", featureCache: 0, ranker: { itemCache: 0 } };
  mesh = await bench.startReached(settings, { model: ranked });
  whole = await Promise.all(requests.map((request) => mesh.door.retrieve(request, IN_TIME)));
});
afterAll(() => bench[Symbol.asyncDispose]());

const IN_TIME = { timeoutMs: 10_000 };

/** Asks one request after the other until told; every answer is what it was before. */
async function load(until: AbortSignal, errors: string[]): Promise<void> {
  for (let at = 0; !until.aborted; at = (at + 1) % requests.length) {
    try {
      const answer = await mesh.door.retrieve(requests[at]!, { timeoutMs: 200 });
      expect(answer).toEqual(whole[at]);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === undefined) throw error;
      errors.push(code);
      // Not so often that what starts again gets no processor.
      await sleep(20);
    }
  }
}

/** Until there is an error, for a machine that is busy may ask nobody for a while. */
async function untilMet(errors: readonly string[]): Promise<void> {
  const endMs = performance.now() + LONGEST_HARM_MS;
  await sleep(HARMED_MS);
  while (errors.length === 0 && performance.now() < endMs) await sleep(20);
}

async function untilWhole(): Promise<void> {
  for (let inARow = 0; inARow < 5;) {
    const answered = await mesh.door.retrieve(requests[inARow]!, IN_TIME).catch(() => null);
    inARow = answered === null ? 0 : inARow + 1;
  }
}

describe("a mesh of which a process is harmed in mid-load", () => {
  const services = ["gateway", "ranker", "tower", "redis", "index", "filter", "feature"];
  const faults = services.flatMap((service) =>
    (["kill", "hang", "slow"] as const).map((kind) => ({ service, kind })),
  );

  it.each(faults)(
    "$service $kind: clear errors, no wrong answer, recovery by itself",
    async (fault) => {
      const done = new AbortController();
      const errors: string[] = [];
      const loads = Array.from({ length: 4 }, () => load(done.signal, errors));
      const undo = await mesh.system.inflict!({ ...fault, delayMs: 300 });
      await untilMet(errors);
      await undo();
      await untilWhole();
      done.abort();
      await Promise.all(loads);
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.filter((code) => code !== "UNAVAILABLE" && code !== "DEADLINE")).toEqual([]);
    },
  );

  it.runIf(existsSync("/proc"))("leaves no process behind", async () => {
    const { pid } = mesh.system.processes.find(({ role }) => role === "redis")!;
    await mesh[Symbol.asyncDispose]();
    const left = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && isOurs(entry));
    expect(left).toEqual([]);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

/** Whether a process was started from here. */
function isOurs(pid: string): boolean {
  try {
    const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const title = readFileSync(`/proc/${pid}/cmdline`, "latin1");
    return Number(parent) === process.pid && /silverbench|redis/.test(title);
  } catch {
    return false;
  }
}
