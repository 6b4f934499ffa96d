import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { HarnessError } from "../errors.ts";
import { type Device, keepFloatsWhole, requireDevice } from "./device.ts";
import type { HostTensor, TensorArray } from "./element-type.ts";
import { GrowingInputs } from "./growing-inputs.ts";
import { type Placement, readPlacements } from "./placement.ts";

export interface SessionOptions {
  /** The graph's file; its weights file lies beside it. */
  readonly file: string;
  readonly device: Device;
  /** Threads that share one operator's work: as many as the CPU set has. */
  readonly threads: number;
  /** Records where each node runs until `placements` is asked; default no. */
  readonly profile?: boolean;
}

/**
 * A graph loaded by ONNX Runtime. `run` blocks the calling thread until the answer is there:
 * whoever also serves requests keeps the session in a thread of its own (session-thread.ts).
 */
export class Session implements AsyncDisposable {
  readonly #session: InferenceSession;
  readonly device: Device;
  readonly #file: string;
  readonly #growing = new GrowingInputs();
  /** Where the profile goes; null: none is recorded. */
  #profileFolder: string | null;

  private constructor(
    session: InferenceSession,
    { file, device }: SessionOptions,
    profileFolder: string | null,
  ) {
    this.#session = session;
    this.device = device;
    this.#file = file;
    this.#profileFolder = profileFolder;
  }

  /**
   * @throws HarnessError DATA if the file is missing or ONNX Runtime refuses it, UNAVAILABLE if
   *   the device is not there.
   */
  static async open(options: SessionOptions): Promise<Session> {
    const { file, device, threads, profile } = options;
    if (!existsSync(file))
      throw new HarnessError("DATA", "there is no such graph file", { where: file });
    keepFloatsWhole(device);
    if (device !== "cpu") await requireDevice(device);
    const profileFolder =
      profile === true ? await mkdtemp(join(tmpdir(), "silverbench-profile-")) : null;
    try {
      const session = await InferenceSession.create(file, {
        executionProviders: [device],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        // A plan of memory is made for each new shape and kept; fresh items make new ones all the time.
        enableMemPattern: false,
        // Errors only: they arrive as exceptions anyway, and stderr belongs to the service.
        logSeverityLevel: 3,
        ...(profileFolder === null
          ? {}
          : { enableProfiling: true, profileFilePrefix: join(profileFolder, "nodes") }),
        extra: {
          session: {
            // A spinning pool burns the cores that the front door and the other system need.
            intra_op: { allow_spinning: "0" },
            inter_op: { allow_spinning: "0" },
          },
        },
      });
      return new Session(session, options, profileFolder);
    } catch (cause) {
      if (profileFolder !== null) await rm(profileFolder, { recursive: true, force: true });
      throw new HarnessError("DATA", `ONNX Runtime cannot load the graph: ${reasonOf(cause)}`, {
        where: file,
        cause,
      });
    }
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  /** @throws HarnessError INTERNAL if an input is missing or of the wrong shape. */
  async run(feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    try {
      const results = await this.#session.run(
        Object.fromEntries(
          Object.entries(feeds).map(([name, tensor]) => [
            name,
            toOrt(this.#growing.held(name, tensor)),
          ]),
        ),
      );
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]),
      );
    } catch (cause) {
      throw new HarnessError("INTERNAL", `the graph could not be run: ${reasonOf(cause)}`, {
        where: this.#file,
        cause,
      });
    }
  }

  /**
   * Where the nodes that ran so far ran; nothing is recorded after it.
   * @throws HarnessError INTERNAL if the session was not opened to record it.
   */
  async placements(): Promise<Placement[]> {
    const folder = this.#profileFolder;
    if (folder === null) {
      throw new HarnessError("INTERNAL", "the session records no profile", { where: this.#file });
    }
    this.#profileFolder = null;
    this.#session.endProfiling();
    try {
      const [name] = await readdir(folder);
      return readPlacements(await readFile(join(folder, name!), "utf8"));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
    if (this.#profileFolder !== null) {
      await rm(this.#profileFolder, { recursive: true, force: true });
    }
  }
}

function toOrt({ type, dims, data }: HostTensor): Tensor {
  return new Tensor(type, data as Tensor.DataTypeMap["float32"], dims);
}

function fromOrt(tensor: Tensor): HostTensor {
  return {
    type: tensor.type as HostTensor["type"],
    dims: tensor.dims,
    data: tensor.data as TensorArray,
  };
}

/** In the message itself, which is all that another process or thread is told of an error. */
const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);
