import { describe, expect, it } from "vitest";
import { alteredSample, IN_PROCESS, MESH, MODEL } from "../result/sample-result.fixture.ts";
import { digest } from "./digest.ts";
import { richSample } from "./rich-result.fixture.ts";
import { faultsOf } from "./sections/faults.ts";
import { rungsOf } from "./sections/ladder.ts";
import { loadPointsOf } from "./sections/load-latency.ts";
import { updatesOf } from "./sections/updates.ts";

const rich = digest((await richSample({ rounds: 3, samplesPerPoint: 50 })).result, new Map());

describe("the ladder of gains", () => {
  it("goes from the mesh over no RPC and one model to the GPU and its own kernels", () => {
    const rungs = rungsOf(rich);
    expect(rungs.map(({ system, what }) => [system.name, what])).toEqual([
      ["mesh", "services over gRPC"],
      ["mesh-in-process", "the same code in one process, no RPC"],
      ["model", "one model, on the CPU"],
      ["model-gpu", "one model, on the GPU (cuda)"],
      ["model-fused", "one model, fused kernels"],
    ]);
  });

  it("tells meshes apart by their wire, their place, and what runs their index", () => {
    const { result } = rich;
    const { mesh } = result.systems;
    const settingsOf = (changes: object) => ({ ...mesh!.settings, ...changes });
    const points = result.points.filter(({ system }) => system === "mesh");
    const meshes = {
      product: { device: "cpu", transport: "in-process", index: { kind: "flat", device: "cpu" } },
      cuda: { device: "cuda", transport: "grpc", index: { kind: "flat", device: "cuda" } },
      "in-threads": { device: "cpu", transport: "in-process", placement: "thread" },
      "grpc-threads": { device: "cpu", transport: "grpc", placement: "thread" },
      "grpc-one": { device: "cpu", transport: "grpc", placement: "one" },
    };
    const altered = {
      ...result,
      systems: {
        ...result.systems,
        ...Object.fromEntries(
          Object.entries(meshes).map(([name, { device, ...settings }]) => [
            name,
            { ...mesh!, device, settings: settingsOf(settings) },
          ]),
        ),
      },
      points: [
        ...result.points,
        ...Object.keys(meshes).flatMap((name) =>
          points.map((point) => ({ ...point, system: name, key: `${name}/${point.key}` })),
        ),
      ],
    };
    const rungs = rungsOf(digest(altered, new Map()));
    expect(rungs.map(({ system, what }) => `${system.name}: ${what}`)).toEqual([
      "mesh: services over gRPC",
      "grpc-threads: services over gRPC, in threads of one process",
      "grpc-one: services over gRPC, in one thread",
      "in-threads: the same code in threads of one process, no RPC",
      "mesh-in-process: the same code in one process, no RPC",
      "product: the same, its index one product in ONNX Runtime",
      "model: one model, on the CPU",
      "cuda: services over gRPC, their index on the GPU (cuda)",
      "model-gpu: one model, on the GPU (cuda)",
      "model-fused: one model, fused kernels",
    ]);
  });

  it("has each step over the mesh and over the step before", () => {
    const [mesh, inProcess, model] = rungsOf(rich);
    expect([mesh!.overMesh, mesh!.overBefore]).toEqual([null, null]);
    expect(inProcess!.overMesh!.ratio).toBeCloseTo(IN_PROCESS.throughput / MESH.throughput, 0);
    expect(model!.overBefore!.ratio).toBeCloseTo(MODEL.throughput / IN_PROCESS.throughput, 0);
    const product = inProcess!.overMesh!.ratio * model!.overBefore!.ratio;
    expect(model!.overMesh!.ratio).toBeCloseTo(product, 9);
  });

  it("gives each step its share of the whole gain, which add up to all of it", () => {
    const shares = rungsOf(rich).flatMap(({ share }) => share ?? []);
    expect(shares).toHaveLength(4);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    const worse = alteredSample("mesh", { throughputPerSecond: 1e6 });
    expect(rungsOf(digest(worse, new Map())).flatMap(({ share }) => share ?? [])).toEqual([]);
  });

  it("leaves out a step that has no valid round, and steps over it", () => {
    const seen = digest(alteredSample("mesh-in-process", { verdict: "invalid" }), new Map());
    const rungs = rungsOf(seen);
    expect(rungs.map(({ system }) => system.name)).toEqual(["mesh", "model"]);
    expect(rungs[1]!.overBefore).toEqual(rungs[1]!.overMesh);
  });
});

describe("faults", () => {
  it("are taken together over the rounds; one that was not recovered from has no recovery", () => {
    const [kill, hang, ...others] = rich.systems.flatMap(faultsOf);
    expect(others).toEqual([]);
    expect(kill).toMatchObject({
      what: "kill index",
      recoverySeconds: 1.42,
      downSeconds: 1.1,
      errors: 36,
      partial: 9,
      rounds: 3,
      lost: 0,
    });
    expect(hang).toMatchObject({ what: "hang filter", recoverySeconds: null, lost: 2 });
  });
});

describe("updates", () => {
  it("are taken together over the rounds; a percentile that a round lacks is not made up", () => {
    const found = rich.systems.flatMap((system) => updatesOf(system) ?? []);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      visibleP50Ms: 14,
      visibleP99Ms: null,
      slowestMs: null,
      overMs: 8,
      takenPerSecond: 49,
      taken: 600,
      looked: 600,
      unseen: 30,
      versions: "model 600, newest 600",
    });
  });
});

describe("latency under load", () => {
  it("has a mark for each load and rate of the headline's variant", () => {
    const mesh = rich.systems.find(({ name }) => name === "mesh")!;
    const points = loadPointsOf(rich, mesh);
    expect(points.map(({ load }) => load).toSorted()).toEqual(
      ["closed", "max", "open@1600", "open@200", "open@3200", "open@400", "open@800"].toSorted(),
    );
    expect(points.find(({ load }) => load === "open@3200")!.overloaded).toBe(true);
    expect(points.find(({ load }) => load === "open@200")).toMatchObject({
      perSecond: 200,
      overloaded: false,
      floor: expect.closeTo(0.45, 9),
    });
  });
});
