import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultCacheFolder } from "../src/dataset/cache-folder.ts";
import type { Dataset } from "../src/dataset/dataset.ts";
import { readDataset } from "../src/dataset/folder.ts";
import { generateRequests } from "../src/dataset/requests.ts";
import { resolveDataset } from "../src/dataset/resolve.ts";
import { type AdminClient, connectAdmin } from "../src/door/admin-service.ts";
import { connectDoor, type DoorClient } from "../src/door/client.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import type { RetrievalRequest } from "../src/retrieval/request.ts";
import { scenarioSchema } from "../src/scenario/schema.ts";
import { meshSettings } from "../src/scenario/settings.ts";
import type { DatasetLocation, StartOptions, System } from "../src/system.ts";
import { meshFolders } from "./build/mesh-build.ts";
import type { MeshConfig } from "./mesh-config.ts";
import { startMesh } from "./system.ts";

/** Fields of a scenario. */
export interface WorkbenchSpec {
  readonly dataset: object;
  readonly requests?: object;
}

/** A mesh, and how it is reached: by who asks, and by who owns its items. */
export interface ReachedMesh extends AsyncDisposable {
  readonly system: System;
  readonly door: DoorClient;
  readonly admin: AdminClient;
}

type MeshOptions = Partial<Pick<StartOptions<object>, "model" | "ports" | "cpus">>;

interface WorkbenchParts {
  readonly location: DatasetLocation;
  readonly dataset: Dataset;
  readonly requests: readonly RetrievalRequest[];
  readonly model: ModelSpec;
  readonly cacheFolder: string;
  /** Whether the cache goes with it. */
  readonly isTemporary: boolean;
}

/** For those who are not told of progress and never stop. */
export const quiet = { onProgress: () => {}, signal: new AbortController().signal };

/** A catalogue, requests, and meshes of it: what benchmarks, proofs and tests start from. */
export class Workbench implements AsyncDisposable {
  readonly location: DatasetLocation;
  readonly dataset: Dataset;
  readonly requests: readonly RetrievalRequest[];
  /** One head, and an item's value is its score. */
  readonly model: ModelSpec;
  readonly cacheFolder: string;
  readonly #isTemporary: boolean;

  private constructor(parts: WorkbenchParts) {
    this.location = parts.location;
    this.dataset = parts.dataset;
    this.requests = parts.requests;
    this.model = parts.model;
    this.cacheFolder = parts.cacheFolder;
    this.#isTemporary = parts.isTemporary;
  }

  /** What it builds is kept from one run to the next. */
  static async open(spec: WorkbenchSpec): Promise<Workbench> {
    const cacheFolder = defaultCacheFolder();
    return new Workbench({ ...(await made(spec, cacheFolder)), cacheFolder, isTemporary: false });
  }

  /** What it builds ends with it. */
  static async openTemporary(spec: WorkbenchSpec): Promise<Workbench> {
    const cacheFolder = await mkdtemp(join(tmpdir(), "silverbench-mesh-"));
    return new Workbench({ ...(await made(spec, cacheFolder)), cacheFolder, isTemporary: true });
  }

  /** Starts a mesh. @param settings As in a scenario. */
  start(
    settings: object,
    { model = this.model, ports = {}, cpus = null }: MeshOptions = {},
  ): Promise<System> {
    return startMesh({
      name: "mesh",
      dataset: this.location,
      model,
      settings: meshSettings.parse(settings),
      cpus,
      cacheFolder: this.cacheFolder,
      ports,
      ...quiet,
    });
  }

  async startReached(settings: object, options: MeshOptions = {}): Promise<ReachedMesh> {
    const system = await this.start(settings, options);
    const door = connectDoor(system.address);
    const admin = connectAdmin(system.adminAddress!);
    return {
      system,
      door,
      admin,
      async [Symbol.asyncDispose]() {
        door.close();
        admin.close();
        await system[Symbol.asyncDispose]();
      },
    };
  }

  /** What a process of such a mesh is started with; it must have been built. */
  config(settings: object, model = this.model): MeshConfig {
    const { location, cacheFolder } = this;
    const parsed = meshSettings.parse(settings);
    const folders = meshFolders(cacheFolder, {
      datasetHash: location.hash,
      settings: parsed,
      model,
    });
    return { datasetFolder: location.folder, folders, settings: parsed, model, tls: null };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isTemporary) await rm(this.cacheFolder, { recursive: true, force: true });
  }
}

async function made(
  spec: WorkbenchSpec,
  cacheFolder: string,
): Promise<Pick<WorkbenchParts, "location" | "dataset" | "requests" | "model">> {
  const {
    dataset: asked,
    seeds,
    requests,
    model,
  } = scenarioSchema.parse({
    schema: "silverbench.scenario/1",
    name: "workbench",
    ...spec,
    systems: { mesh: { kind: "mesh" } },
    loads: { closed: { shape: "closed" } },
  });
  const location = await resolveDataset(asked, seeds.data, { cacheFolder, ...quiet });
  const dataset = await readDataset(location.folder, { verify: false });
  return {
    location,
    dataset,
    requests: generateRequests(requests, seeds.requests, dataset).requests,
    model: { ...model, seed: seeds.model },
  };
}
