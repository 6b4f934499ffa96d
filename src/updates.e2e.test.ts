import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtFile } from "./process/built-file.ts";
import { type Result, resultSchema } from "./result/schema.ts";

const SCORED = `
schema: silverbench.scenario/1
name: updates-e2e
dataset: { kind: synthetic, items: 2000, dim: 16, users: 100 }
requests:
  distinct: 100
  k: 20
  filters: [{ template: "" }, { template: "lang:{lang}" }]
updates: { perSecond: 400, everyMs: 50, lostAfterSeconds: 4, systems: [mesh, behind, model] }
systems:
  mesh: { kind: mesh, settings: { transport: in-process } }
  still: { kind: mesh, settings: { transport: in-process } }
  behind: { kind: mesh, settings: { transport: in-process, heldBack: { index: 3600 } } }
  model: { kind: index-as-model }
loads: { closed: { shape: closed, inFlight: 2, seconds: 1 } }
rounds: 1
warmUpSeconds: 1
`;

/** In two blocks, and ranked by a mixture of logits and a formula over attributes. */
const RANKED = SCORED.replace(
  "requests:",
  `model:
  candidates: 100
  overarch: mol
  tasks: [click, like]
  value: "click + if(topic:music, 2, 1) * like + default(price, 0) / 100"
requests:`,
)
  .replace(/^ {2}(still|behind): .*\n/gm, "")
  .replace("mesh, behind, model", "mesh, model")
  .replace("transport: in-process", "transport: in-process, index: { exactBelow: 1 }")
  .replace("seconds: 1 }", "seconds: 1.2 }");

let folder: string;
let scored: Result;
let ranked: Result;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-updates-"));
  scored = await resultOf("scored", SCORED);
  ranked = await resultOf("ranked", RANKED);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function resultOf(name: string, scenario: string): Promise<Result> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, scenario);
  const out = join(folder, name);
  const main = builtFile(import.meta.url, "./cli/main.js");
  const env = { ...process.env, SILVERBENCH_CACHE: join(folder, "cache") };
  // What lags returns what it must not, so the run says that some of it is invalid.
  await promisify(execFile)(process.execPath, [main, "run", file, "--out", out], { env }).catch(
    () => {},
  );
  return resultSchema.parse(JSON.parse(await readFile(join(out, "result.json"), "utf8")));
}

const pointIn = (result: Result, system: string): Result["points"][number] =>
  result.points.find((point) => point.system === system)!;
const pointOf = (system: string): Result["points"][number] => pointIn(scored, system);

test.for(["scored", "ranked"])(
  "updates reach a system under load; its answers are right by the catalogue that they make: %s",
  (which) => {
    const result = which === "scored" ? scored : ranked;
    expect(result).toMatchObject({ complete: true });
    for (const system of ["mesh", "model"]) {
      const { recall, violations, short, updates, load } = pointIn(result, system);
      expect({ system, recall, violations, short }).toEqual({
        system,
        recall: expect.closeTo(1, 1),
        violations: 0,
        short: 0,
      });
      const seconds = result === scored ? 1 : 1.2;
      // All that was due, however it was cut into blocks; of each burst one was looked for, and seen.
      expect({ load, ...updates }).toMatchObject({
        load: "closed",
        taken: 20 * updates!.seen,
        unseen: 0,
        scored: 64,
      });
      expect(updates!.seen).toBeGreaterThanOrEqual(20 * seconds - 2);
      expect(updates!.visibleMs.max).toBeGreaterThanOrEqual(updates!.visibleMs.p50!);
      expect(updates!.overMs.p50).toBeGreaterThan(0);
    }
  },
);

test("a system that gets none is measured as ever, beside them", () => {
  expect(pointOf("still")).toMatchObject({ updates: null, violations: 0 });
});

test("a service that is held back shows in the recall, and in the versions of the services", () => {
  const { updates, recall } = pointOf("behind");
  expect(recall).toBeLessThan(0.97);
  expect(updates!.versions["index"]).toBe(0);
  expect(updates!.versions["filter"]).toBe(updates!.versions["newest"]);
});

test("updates that no answer holds in time are lost: the point is not valid, and their time is not known", () => {
  const { updates, verdict, reasons } = pointOf("behind");
  // Deletes show at once, for the filter knows of them.
  expect(updates!.unseen).toBeGreaterThan(updates!.seen);
  expect(updates!.visibleMs.p50).toBeNull();
  const looked = updates!.seen + updates!.unseen;
  expect(verdict).toBe("invalid");
  expect(reasons).toContain(`${updates!.unseen} of ${looked} updates were in no answer within 4 s`);
});

test("the result says what is not scored", () => {
  const said = scored.doubts.find(({ code }) => code === "changing-catalogue");
  expect(said!.text).toContain("mesh, behind, model");
});
