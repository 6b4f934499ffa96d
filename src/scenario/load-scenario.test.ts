import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HarnessError } from "../errors.ts";
import type { CheckGate } from "./consistency.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import { loadScenario } from "./load-scenario.ts";
import type { ScenarioOverrides } from "./overrides.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-scenario-"));
  await writeFile(join(folder, "prices.yaml"), "");
});
afterAll(() => rm(folder, { recursive: true }));

const SOUND = `schema: silverbench.scenario/1
name: small # a comment
dataset: { kind: synthetic, items: 1000, dim: 8 }
systems:
  mesh: { kind: mesh }
  model: { kind: index-as-model }
loads:
  closed: { shape: closed, seconds: 1 }
prices: prices.yaml
gate: ["recall(model) >= 0.95", "recall(mesh) >= 0.9"]
`;

async function load(text: string, overrides: ScenarioOverrides = {}): Promise<LoadedScenario> {
  const path = join(folder, "it.yaml");
  await writeFile(path, text);
  return loadScenario(path, overrides);
}

/** The lines of the error, the folder's name cut off. */
async function mistakes(text: string, overrides: ScenarioOverrides = {}): Promise<string[]> {
  const error: unknown = await load(text, overrides).catch((thrown: unknown) => thrown);
  if (!(error instanceof HarnessError))
    throw new Error("expected a HarnessError", { cause: error });
  expect(error.code).toBe("BAD_INPUT");
  return error.message.replaceAll(`${folder}/`, "").split("\n").slice(1);
}

/** Names as in `metric(system, load)`. */
const checkGate: CheckGate = (text) => {
  const terms = [...text.matchAll(/\((\w+)(?:, (\w+))?\)/g)];
  if (terms.length === 0) throw new HarnessError("BAD_INPUT", "expected metric(system)");
  return {
    systems: terms.map(([, name]) => name!),
    loads: terms.flatMap(([, , name]) => (name === undefined ? [] : [name])),
  };
};

describe("a sound scenario", () => {
  test("may rank by tasks, with the defaults of its OverArch", async () => {
    const model =
      'model: { overarch: mol, tasks: [click, watch], mol: {}, value: "click + watch" }';
    const { scenario } = await load(`${SOUND}${model}\n`);
    const mol = { userGroups: 8, itemGroups: 4, dim: 32, gateHidden: 128, temperature: 0.05 };
    expect(scenario.model).toMatchObject({ overarch: "mol", tasks: ["click", "watch"], mol });
    // What is not stated stays out, so that a plain model keeps its hash.
    expect(Object.keys((await load(SOUND)).scenario.model)).not.toContain("mol");
  });

  test("gets every default", async () => {
    const { scenario } = await load(SOUND);
    expect(scenario.rounds).toBe(5);
    expect(scenario.seeds).toEqual({ data: 1, requests: 2, model: 3, arrivals: 4, order: 5 });
    expect(scenario.systems["mesh"]).toMatchObject({ settings: { maxBatch: 64 }, sweep: {} });
    expect(scenario.loads["closed"]).toMatchObject({ shape: "closed", inFlight: 8, seconds: 1 });
  });

  test("keeps its text when the command line changes nothing", async () => {
    expect((await load(SOUND)).text).toBe(SOUND);
  });

  test("has a hash of its meaning: comments and order do not matter, numbers do", async () => {
    const { hash } = await load(SOUND);
    expect((await load(`rounds: 5\n${SOUND.replace("# a comment", "")}`)).hash).toBe(hash);
    expect((await load(SOUND.replace("1000", "1001"))).hash).not.toBe(hash);
  });

  test("finds its price sheet and dataset folder beside itself", async () => {
    const text = SOUND.replace(/dataset: .*/, "dataset: { kind: folder, path: ./mine }");
    const { scenario, pricesPath } = await load(text);
    expect(pricesPath).toBe(join(folder, "prices.yaml"));
    expect(scenario.dataset).toEqual({ kind: "folder", path: join(folder, "mine") });
  });
});

describe("the command line", () => {
  test("sets fields by path, keeps comments, and the text gives the same scenario again", async () => {
    const changed = await load(SOUND, {
      set: ["loads.closed.inFlight=2", "requests.filters=[{template: 'u < 1'}]"],
      rounds: 2,
    });
    expect(changed.scenario.loads["closed"]).toMatchObject({ inFlight: 2 });
    expect(changed.scenario.requests.filters).toEqual([{ weight: 1, template: "u < 1" }]);
    expect(changed.text).toContain("# a comment");
    const again = await load(changed.text);
    expect(again.scenario).toEqual(changed.scenario);
    expect(again.hash).toBe(changed.hash);
  });

  test("--seed counts the five seeds up from one", async () => {
    const { scenario } = await load(SOUND, { seed: 10 });
    expect(scenario.seeds).toEqual({ data: 10, requests: 11, model: 12, arrivals: 13, order: 14 });
  });

  test("--system keeps the named ones and leaves out gates about the others", async () => {
    const { scenario, leftOut } = await load(SOUND, { systems: ["mesh"], checkGate });
    expect(Object.keys(scenario.systems)).toEqual(["mesh"]);
    expect(leftOut).toEqual(["recall(model) >= 0.95"]);
    expect(scenario.gate).toEqual(["recall(mesh) >= 0.9"]);
  });

  test("is blamed for its own mistakes", async () => {
    expect(await mistakes(SOUND, { set: ["rounds=many"], systems: ["mehs"] })).toEqual([
      '  --system: no system is named "mehs"; did you mean "mesh"?',
      '  --set rounds=many: rounds: expected a finite number, came "many"',
    ]);
    await expect(load(SOUND, { set: ["rounds"] })).rejects.toThrow(/expected path=value/);
    await expect(load(SOUND, { set: ["name.x=1"] })).rejects.toThrow(/not a field that can be set/);
    await expect(load(SOUND, { seed: -1 })).rejects.toThrow(/whole number from 0/);
  });
});

test("a load asks only for filters that have a name, each its own", async () => {
  const text = (loads: string): string => `schema: silverbench.scenario/1
name: cells
dataset: { kind: synthetic, items: 1000, dim: 8 }
requests:
  k: 10
  filters:
    - { name: half, template: "u < 50" }
    - { name: tenth, template: "u < 10" }
systems:
  mesh: { kind: mesh }
loads: ${loads}
prices: prices.yaml
`;
  const { scenario } = await load(text("{ cell: { shape: closed, filters: [half] } }"));
  expect(scenario.loads["cell"]).toMatchObject({ filters: ["half"] });
  expect(await mistakes(text("{ cell: { shape: closed, filters: [haf, none] } }"))).toEqual([
    expect.stringContaining('no filter is named "haf"; did you mean "half"?'),
    expect.stringContaining('no filter is named "none"; they are half, tenth'),
  ]);
  const twice = text("{ cell: { shape: closed } }").replace("tenth", "half");
  expect(await mistakes(twice)).toEqual([expect.stringContaining('"half" is there twice')]);
});

test("our own kernels scan 8-bit items, in every variant", async () => {
  const withEngine = (rest: string): string =>
    SOUND.replace("kind: index-as-model", `kind: index-as-model, settings: { engine: fused${rest}`);
  expect(await mistakes(withEngine(" }"))).toEqual([
    "  it.yaml:6:44: systems.model.settings: engine: fused needs precision: int8, came float32",
  ]);
  await load(withEngine(", precision: int8 }"));
  const swept = withEngine(", precision: int8 }, sweep: { precision: [int8, float32] }");
  expect(await mistakes(swept)).toEqual([
    expect.stringContaining("came float32 (in the variant precision=float32)"),
  ]);
});

test("a cache in half precision needs an engine and a model that have one", async () => {
  const withSettings = (settings: string): string =>
    SOUND.replace("kind: index-as-model", `kind: index-as-model, settings: { ${settings} }`);
  const half = "cachePrecision: float16";
  expect(await mistakes(withSettings(half))).toEqual([
    expect.stringContaining("needs engine: fused; engine: onnx keeps its cache in float32"),
  ]);
  const fused = withSettings(`engine: fused, precision: int8, ${half}`);
  expect(await mistakes(fused)).toEqual([
    expect.stringContaining("needs a model with an OverArch; without one nothing is cached"),
  ]);
  await load(`${fused}model: { overarch: mlp, tasks: [click], value: "click" }\n`);
});

test("generated items are for a system that makes them, and stay as they are", async () => {
  const generated = "{ kind: generated, items: 640, dim: 8, clusters: 10, users: 5 }";
  const of = (dataset: string): string =>
    SOUND.replace("{ kind: synthetic, items: 1000, dim: 8 }", dataset);
  const refused = await mistakes(
    `${of(generated)}requests: { k: 10 }\nupdates: { perSecond: 5 }\n`,
  );
  expect(refused).toEqual([
    expect.stringContaining("systems.mesh: a mesh reads its items from files"),
    expect.stringContaining("systems.model: only engine: fused makes generated items"),
    expect.stringContaining("updates: the catalogue is generated"),
  ]);
  const fused = of(generated)
    .replace("  mesh: { kind: mesh }\n", "")
    .replace(', "recall(mesh) >= 0.9"', "")
    .replace(
      "kind: index-as-model",
      "kind: index-as-model, settings: { engine: fused, precision: int8 }",
    );
  await load(`${fused}requests: { k: 10 }\n`);
  const uneven = fused.replace("items: 640", "items: 650");
  expect(await mistakes(`${uneven}requests: { k: 10 }\n`)).toEqual([
    expect.stringContaining("10 clusters cannot share 650 items"),
  ]);
});

test("no more requests are scored than there are, and all of them where services are harmed", async () => {
  const scored = `${SOUND}requests: { distinct: 100, scored: 200 }\n`;
  expect(await mistakes(scored)).toEqual([
    expect.stringContaining("requests.scored: must be at most requests.distinct = 100, came 200"),
  ]);
  const harmed = `${SOUND}requests: { distinct: 100, scored: 20 }
faults: [{ at: 0.1, system: mesh, service: index, kind: kill, seconds: 0.5 }]
`;
  expect(await mistakes(harmed)).toEqual([
    expect.stringContaining("requests.scored: where faults are measured every answer is scored"),
  ]);
});

test("five mistakes are five lines, in the order of the file", async () => {
  const text = `schema: silverbench.scenario/1
name: five
datasett: { kind: synthetic }
dataset: { kind: synthetic, items: 1000, dim: 8 }
requests:
  k: 0
  filters:
    - { template: "lang:{lang} AND" }
systems:
  mesh: { kind: mash }
loads:
  closed: { shape: closed }
headline: { load: close }
prices: prices.yaml
`;
  const lines = await mistakes(text);
  expect(lines).toEqual([
    '  it.yaml:3:1: datasett: unknown field; did you mean "dataset"?',
    "  it.yaml:6:6: requests.k: expected a number of at least 1, came 0",
    expect.stringMatching(/^ {2}it\.yaml:8:19: requests\.filters\.0\.template: /),
    '  it.yaml:10:17: systems.mesh.kind: expected "mesh", "index-as-model", "remote", "null" or "delay", came "mash"; did you mean "mesh"?',
    '  it.yaml:13:19: headline.load: no load is named "close"; did you mean "closed"?',
  ]);
});

const changes: readonly [what: string, from: string | RegExp, to: string, line: string | RegExp][] =
  [
    [
      "a missing field",
      /dataset: .*\n/,
      "",
      "it.yaml:1:1: dataset: is missing; expected fields (name: value)",
    ],
    [
      "a wrong type",
      "items: 1000",
      "items: lots",
      'it.yaml:3:36: dataset.items: expected a finite number, came "lots"',
    ],
    [
      "a fraction where a count belongs",
      "items: 1000",
      "items: 1000.5",
      "it.yaml:3:36: dataset.items: expected a whole number, came 1000.5",
    ],
    [
      "NaN",
      "seconds: 1",
      "seconds: .nan",
      "it.yaml:8:37: loads.closed.seconds: expected a finite number, came NaN",
    ],
    [
      "Infinity",
      "seconds: 1",
      "seconds: .inf",
      "it.yaml:8:37: loads.closed.seconds: expected a finite number, came Infinity",
    ],
    [
      "k beyond the catalogue",
      "prices:",
      "model: { candidates: 5000 }\nrequests: { k: 2000 }\nprices:",
      "it.yaml:10:16: requests.k: must be at most dataset.items = 1000, came 2000",
    ],
    [
      "k beyond the candidates",
      "prices:",
      "model: { candidates: 10 }\nprices:",
      "it.yaml:1:1: requests.k: k must be at most model.candidates = 10 (what a head keeps), came 100",
    ],
    [
      "heads without a tower",
      "prices:",
      "model: { heads: 3 }\nprices:",
      "it.yaml:9:17: model.heads: an identity tower has 1 head, came 3; state tower: { kind: mlp, hidden: [..] } for more",
    ],
    [
      "an identity tower of the wrong size",
      "dim: 8",
      "dim: 8, userDim: 9",
      "it.yaml:3:59: dataset.userDim: an identity tower needs userDim = dim = 8, came 9; or state an mlp tower",
    ],
    [
      "a Value Model with a mistake, whatever else is wrong",
      "prices:",
      'model: { value: "2 *" , candidates: 1000 }\nprices:',
      'it.yaml:9:17: model.value: formula, character 4: expected a number, a name, a function or "(", got the end of the text',
    ],
    [
      "tasks without an OverArch",
      "prices:",
      "model: { tasks: [click] }\nprices:",
      "it.yaml:9:17: model.tasks: tasks are scored by an OverArch; state overarch: mlp or mol, or leave them out",
    ],
    [
      "a task that no formula can speak of",
      "prices:",
      'model: { overarch: mol, tasks: [score], value: "score" }\nprices:',
      /it\.yaml:9:32: model\.tasks: a task's name is .* came "score"/,
    ],
    [
      "an OverArch whose tasks the Value Model leaves out",
      "prices:",
      "model: { overarch: mlp }\nprices:",
      'it.yaml:9:8: model.value: "score" speaks of no task, so the OverArch would change nothing; the tasks are task',
    ],
    [
      "sizes of another OverArch",
      "prices:",
      'model: { overarch: mlp, value: "task", mol: { dim: 8 } }\nprices:',
      "it.yaml:9:40: model.mol: says how large an OverArch mol is, but overarch is mlp",
    ],
    [
      "an unknown setting in a sweep",
      "kind: mesh }",
      "kind: mesh, sweep: { maxBach: [1, 2] } }",
      'it.yaml:5:30: systems.mesh.sweep: "maxBach" is not a setting of a system of kind mesh; did you mean "maxBatch"?',
    ],
    [
      "a refused value in a sweep",
      "kind: mesh }",
      "kind: mesh, sweep: { index.precision: [f31] } }",
      /systems\.mesh\.sweep: index\.precision = "f31" is refused/,
    ],
    [
      "a sweep of 12",
      "kind: mesh }",
      "kind: mesh, sweep: { maxBatch: [1, 2, 3, 4], maxWaitMs: [0, 1, 2] } }",
      "it.yaml:5:30: systems.mesh.sweep: expected at most 10 variants, came 12 (4 of maxBatch x 3 of maxWaitMs)",
    ],
    [
      "a gate that is none",
      "recall(mesh) >= 0.9",
      "be fast",
      "it.yaml:10:33: gate.1: expected metric(system)",
    ],
    [
      "a gate about nobody",
      "recall(mesh)",
      "recall(mush)",
      'it.yaml:10:33: gate.1: no system is named "mush"; did you mean "mesh"?',
    ],
    [
      "a gate about another load",
      "recall(mesh)",
      "recall(mesh, close)",
      'it.yaml:10:33: gate.1: no load is named "close"; did you mean "closed"?',
    ],
    [
      "no price sheet",
      "prices: prices.yaml",
      "prices: gold.yaml",
      "it.yaml:9:9: prices: no price sheet at gold.yaml",
    ],
    [
      "a field given twice",
      "prices:",
      "name: again\nprices:",
      "it.yaml:9:1: name: this field is given twice; keep one of them",
    ],
    [
      "a bad name",
      "closed: {",
      "clo sed: {",
      "it.yaml:8:3: loads.clo sed: a name must be letters, digits, - and _ only",
    ],
    [
      "an unknown setting",
      "kind: mesh }",
      "kind: mesh, settings: { maxbatch: 1 } }",
      'it.yaml:5:35: systems.mesh.settings.maxbatch: unknown field; did you mean "maxBatch"?',
    ],
    [
      "a wire that there is not",
      "kind: mesh }",
      "kind: mesh, settings: { transport: in-process, placement: process } }",
      /^ {2}it\.yaml:5:\d+: systems\.mesh\.settings\.placement: expected thread or one .*, came "process"/,
    ],
    [
      "several gateways in one process",
      "kind: mesh }",
      "kind: mesh, settings: { transport: in-process, replicas: { gateway: 2 } } }",
      /^ {2}it\.yaml:5:\d+: systems\.mesh\.settings\.replicas\.gateway: expected 1 .*, came 2/,
    ],
    [
      "door workers of several gateways",
      "kind: mesh }",
      "kind: mesh, settings: { doorWorkers: 2, replicas: { gateway: 2 } } }",
      /systems\.mesh\.settings\.doorWorkers: expected auto or 1 .*, came 2/,
    ],
    [
      "updates through several gateways",
      "model: { kind: index-as-model }",
      "model: { kind: index-as-model }\n  wide: { kind: mesh, settings: { replicas: { gateway: 2 } } }\nupdates: { perSecond: 10 }",
      /systems\.wide\.settings\.replicas\.gateway: several gateways take no updates/,
    ],
    [
      "updates of a system that there is not",
      "prices:",
      "updates: { perSecond: 10, systems: [mess] }\nprices:",
      'it.yaml:9:37: updates.systems.0: no system is named "mess"; did you mean "mesh"?',
    ],
    [
      "updates and a search for the highest rate",
      "prices:",
      "  top: { shape: capacity }\nupdates: { perSecond: 10 }\nprices:",
      /loads\.top\.shape: a capacity search is not for a catalogue that changes/,
    ],
    [
      "updates of what cannot change",
      "model: { kind: index-as-model }",
      'model: { kind: index-as-model }\n  empty: { kind: "null" }\nupdates: { perSecond: 10 }',
      /the catalogue of empty, a null system, cannot be changed/,
    ],
    [
      "cpus",
      "prices:",
      "cpus: some\nprices:",
      'it.yaml:9:7: cpus: expected "auto", "all" or a list [..], came "some"',
    ],
    [
      "a fault of a system that is not there",
      "prices:",
      "faults: [{ at: 1, system: mash, service: index, kind: kill }]\nprices:",
      /faults\.0\.system: no system is named "mash"; did you mean "mesh"/,
    ],
    [
      "a fault of a service that the system has not",
      "prices:",
      "faults: [{ at: 1, system: mesh, service: model, kind: kill }]\nprices:",
      /faults\.0\.service: a system of the kind mesh has feature, filter/,
    ],
    [
      "a fault that outlasts its load",
      "prices:",
      "faults: [{ at: 3000, system: mesh, service: index, kind: hang }]\nprices:",
      /faults\.0\.at: 3000 s and 2 s more must be less than/,
    ],
    ["broken YAML", "name: small", "name: 'small", /^ {2}it\.yaml:\d+:\d+: not YAML: /],
  ];

describe("is told with line and column:", () => {
  test.for(changes)("%s", async ([, from, to, line]) => {
    const text = SOUND.replace(from, to);
    expect(text).not.toBe(SOUND);
    const lines = await mistakes(text, { checkGate });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(typeof line === "string" ? `  ${line}` : line);
  });
});

test("an empty file, a list and a missing file are refused as a whole", async () => {
  expect(await mistakes("")).toEqual([expect.stringMatching(/it\.yaml:1:1: expected the fields/)]);
  expect(await mistakes("- a")).toEqual([expect.stringMatching(/expected the fields/)]);
  await expect(loadScenario(join(folder, "absent.yaml"))).rejects.toThrow(
    /no scenario can be read/,
  );
});
