import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheKey } from "../../src/dataset/cache-folder.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { readDataset } from "../../src/dataset/folder.ts";
import { generateRequests } from "../../src/dataset/requests.ts";
import { resolveDataset } from "../../src/dataset/resolve.ts";
import type { Device } from "../../src/onnx/device.ts";
import { Session } from "../../src/onnx/session.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { type Scenario, scenarioSchema } from "../../src/scenario/schema.ts";
import { indexAsModelSettings } from "../../src/scenario/settings.ts";
import { artifactSettings } from "../compile/artifact-settings.ts";
import { Artifact } from "../compile/artifact.ts";
import { compileArtifact } from "../compile/compile.ts";
import { ARTIFACT_SCHEMA, type ArtifactSettings } from "../compile/manifest.ts";
import { OnnxEngine, type RunnerOptions } from "../engine/onnx-engine.ts";
import { RequestReader } from "../engine/request-reader.ts";
import { formOf } from "../graph/device-form.ts";

export interface WorkbenchOptions {
  readonly items: number;
  readonly dim: number;
  readonly k: number;
  readonly cacheFolder: string;
  readonly threads: number;
  readonly say: (line: string) => void;
}

/** An engine with its artifact loaded, and who reads requests for it. */
export interface Loaded {
  readonly engine: OnnxEngine;
  readonly reader: RequestReader;
  readonly artifact: Artifact;
  /** The same session with so many clusters probed; it ends with the first engine. */
  readonly probing: (probes: number | "all", mostProbes?: number | "all") => Loaded;
  /** The same, with filters folded whatever that takes, if they can be. */
  readonly folding: () => Loaded;
}

const SEEDS = { data: 1, requests: 2, model: 3 };
const quiet = { onProgress: () => {}, signal: new AbortController().signal };

/** A synthetic catalogue, and the models that are compiled of it. */
export class Workbench {
  readonly dataset: Dataset;
  readonly #scenario: Scenario;
  readonly #options: WorkbenchOptions;

  private constructor(dataset: Dataset, scenario: Scenario, options: WorkbenchOptions) {
    this.dataset = dataset;
    this.#scenario = scenario;
    this.#options = options;
  }

  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const { items, dim, k, cacheFolder, say } = options;
    const scenario = scenarioOf({ items, dim, k, filter: "" });
    say(`making or finding ${items} x ${dim} items`);
    const location = await resolveDataset(scenario.dataset, SEEDS.data, { cacheFolder, ...quiet });
    return new Workbench(await readDataset(location.folder, { verify: false }), scenario, options);
  }

  /** @param settings as in a scenario's system. */
  async load(settings: object, device: Device = "cpu"): Promise<Loaded> {
    const { threads } = this.#options;
    const parsed = indexAsModelSettings.parse({ ...settings, device });
    const artifact = await this.#artifact(artifactSettings(parsed), device);
    const file = artifact.graphPath(device);
    const session = await Session.open({ file, device, threads });
    const orders = artifact.manifest.clusters !== null;
    const reader = await RequestReader.open(artifact, formOf(device).eligibility, orders);
    const loaded = (options: Pick<RunnerOptions, "probing" | "folds">): Loaded => {
      const engine = new OnnxEngine(session, artifact.manifest, { device, ...options });
      return { engine, reader, artifact, probing, folding };
    };
    const probing = (probes: number | "all", mostProbes = probes): Loaded =>
      loaded({ probing: { probes, mostProbes } });
    const folding = (): Loaded => loaded({ folds: "always" });
    return probing(parsed.nprobe);
  }

  /** Requests with a filter of a template each, none of them of the same values but by chance. */
  requests(filter: string, count: number): readonly RetrievalRequest[] {
    const { items, dim, k } = this.#options;
    const { requests } = scenarioOf({ items, dim, k, filter });
    return generateRequests({ ...requests, distinct: count }, SEEDS.requests, this.dataset)
      .requests;
  }

  async #artifact(settings: ArtifactSettings, device: Device): Promise<Artifact> {
    const { cacheFolder, threads, say } = this.#options;
    const model = { ...this.#scenario.model, seed: SEEDS.model };
    const key = cacheKey({ ARTIFACT_SCHEMA, hash: this.dataset.hash, model, settings });
    const folder = join(cacheFolder, "artifacts", `${this.dataset.name}-${key}`);
    if (!existsSync(folder)) {
      const startMs = performance.now();
      const { dataset } = this;
      await compileArtifact({
        dataset,
        model,
        settings,
        device,
        threads,
        folder,
        onProgress: () => {},
      });
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      say(`compiled ${JSON.stringify(settings)} on ${device}, ${threads} threads: ${seconds} s`);
    }
    return await Artifact.open(folder, { verify: false });
  }
}

interface Asked {
  readonly items: number;
  readonly dim: number;
  readonly k: number;
  readonly filter: string;
}

function scenarioOf({ items, dim, k, filter }: Asked): Scenario {
  return scenarioSchema.parse({
    schema: "silverbench.scenario/1",
    name: "bench",
    dataset: { kind: "synthetic", items, dim, users: 5000 },
    requests: { distinct: 1, k, filters: [{ weight: 1, template: filter }] },
    systems: { model: { kind: "index-as-model" } },
    loads: { closed: { shape: "closed" } },
  });
}
