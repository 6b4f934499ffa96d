import { existsSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { HarnessError } from "../errors.ts";
import type { HostTensor, TensorArray } from "./element-type.ts";

export interface SessionOptions {
  /** The graph's file; its weights file lies beside it. */
  readonly file: string;
  readonly device: "cpu";
  /** Threads that share one operator's work: as many as the CPU set has. */
  readonly threads: number;
}

/**
 * A graph loaded by ONNX Runtime. `run` blocks the calling thread until the answer is there:
 * whoever also serves requests keeps the session in a thread of its own (session-thread.ts).
 */
export class Session implements AsyncDisposable {
  readonly #session: InferenceSession;
  readonly #file: string;

  private constructor(session: InferenceSession, file: string) {
    this.#session = session;
    this.#file = file;
  }

  /** @throws HarnessError DATA if the file is missing or ONNX Runtime refuses it. */
  static async open({ file, device, threads }: SessionOptions): Promise<Session> {
    if (!existsSync(file))
      throw new HarnessError("DATA", "there is no such graph file", { where: file });
    try {
      const session = await InferenceSession.create(file, {
        executionProviders: [device],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: "sequential",
        // Errors only: they arrive as exceptions anyway, and stderr belongs to the service.
        logSeverityLevel: 3,
        extra: {
          session: {
            // A spinning pool burns the cores that the front door and the other system need.
            intra_op: { allow_spinning: "0" },
            inter_op: { allow_spinning: "0" },
          },
        },
      });
      return new Session(session, file);
    } catch (cause) {
      throw new HarnessError("DATA", "ONNX Runtime cannot load the graph", { where: file, cause });
    }
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  /** @throws HarnessError INTERNAL if an input is missing or of the wrong shape. */
  async run(feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    try {
      const results = await this.#session.run(
        Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)])),
      );
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]),
      );
    } catch (cause) {
      throw new HarnessError("INTERNAL", "the graph could not be run", {
        where: this.#file,
        cause,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
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
