import { ownProcessStats } from "../../src/door/own-process.ts";
import { StageTimes } from "../../src/door/stage-times.ts";
import { type OnDied, SessionThread } from "../../src/onnx/session-thread.ts";
import type { ServiceStats, TowerService } from "../services.ts";
import { towerFile } from "./tower-graph.ts";

export interface UserTowerOptions {
  /** What `writeTower` filled. */
  readonly folder: string;
  readonly userDim: number;
  readonly threads: number;
  readonly onDied: OnDied;
}

/** The user tower in ONNX Runtime, in a thread of its own. */
export class UserTower implements TowerService, AsyncDisposable {
  readonly #session: SessionThread;
  readonly #userDim: number;
  readonly #times = new StageTimes();
  #users = 0;

  private constructor(session: SessionThread, userDim: number) {
    this.#session = session;
    this.#userDim = userDim;
  }

  /** @throws HarnessError DATA if the graph is missing or cannot be loaded. */
  static async open({ folder, userDim, threads, onDied }: UserTowerOptions): Promise<UserTower> {
    const file = towerFile(folder);
    const session = await SessionThread.open({ file, device: "cpu", threads }, onDied);
    return new UserTower(session, userDim);
  }

  embed(features: Float32Array): Promise<Float32Array> {
    const users = features.length / this.#userDim;
    this.#users += users;
    return this.#times.time("tower.run", async () => {
      const { vectors } = await this.#session.run({
        features: { type: "float32", dims: [users, this.#userDim], data: features },
      });
      return vectors!.data as Float32Array;
    });
  }

  stats(): Promise<readonly ServiceStats[]> {
    return Promise.resolve([
      {
        process: ownProcessStats("tower"),
        stages: this.#times.encode(),
        counters: new Map([["tower.users", this.#users]]),
      },
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
