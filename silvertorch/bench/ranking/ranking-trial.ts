import { Random } from "../../../src/math/random.ts";
import { BUFFER_USAGE } from "../../device/webgpu.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { PlainRecorder, StageTimer } from "../../device/passes.ts";
import type {
  BatchExtent,
  LaneBuffers,
  QueryLane,
  QueryStage,
  RankingLane,
  RankingStage,
} from "../../engine/fused/stages.ts";
import { USER_KINDS } from "../../kernels/ranking/user-inputs.ts";
import { DIM } from "./made-up-artifact.ts";

interface Stages {
  readonly query: QueryStage;
  readonly ranking: RankingStage;
}

export interface TrialShape extends BatchExtent {
  readonly heads: number;
  /** Rows that lists are drawn from. */
  readonly items: number;
  readonly users: number;
}

/** What a batch has gone through, for the median of so many. */
const TIMED = 9;
const BATCHES = 60;
/** Batches under way at once. */
const LANES = 3;

/** One batch on its way, with lists made up. */
export class Trial {
  readonly listRows: Uint32Array<ArrayBuffer>;
  readonly listScores: Float32Array<ArrayBuffer>;
  readonly userRows: Uint32Array<ArrayBuffer>;
  readonly #device: GpuDevice;
  readonly #shape: TrialShape;
  readonly #lanes: readonly Lane[];
  readonly #timer: StageTimer | null;

  constructor(device: GpuDevice, stages: Stages, shape: TrialShape) {
    const { requests, heads, places, items, users } = shape;
    const random = new Random(11);
    const lists = requests * heads;
    this.#device = device;
    this.#shape = shape;
    this.listRows = new Uint32Array(lists * places);
    // Distinct within a list: a stride that shares no factor with the number of items.
    const stride = strideOf(items);
    for (let list = 0; list < lists; list++) {
      const first = random.int(items);
      for (let at = 0; at < places; at++) {
        this.listRows[list * places + at] = (first + at * stride) % items;
      }
    }
    this.listScores = Float32Array.from(this.listRows, () => random.gaussian());
    this.userRows = Uint32Array.from({ length: requests }, () => random.int(users));
    this.#lanes = Array.from({ length: LANES }, () => this.#lane(stages));
    this.#timer = device.hasTimestamps ? new StageTimer(device) : null;
  }

  /** Rows and values of the batch's answers. */
  async answers(): Promise<{ readonly rows: Uint32Array; readonly values: Float32Array }> {
    const lane = this.#lanes[0]!;
    this.#submit(lane);
    await lane.readable.mapAsync(1);
    const held = lane.readable.getMappedRange().slice(0);
    lane.readable.unmap();
    const half = held.byteLength / 2;
    return { rows: new Uint32Array(held, 0, half / 4), values: new Float32Array(held, half) };
  }

  /** Median milliseconds of each stage on the device. */
  async stageTimes(): Promise<Map<string, number>> {
    const times = new Map<string, number[]>();
    for (let run = 0; run < TIMED; run++) {
      this.#submit(this.#lanes[0]!, this.#timer);
      for (const { stage, ms } of await this.#timer!.read()) {
        times.set(stage, [...(times.get(stage) ?? []), ms]);
      }
    }
    return new Map([...times].map(([stage, all]) => [stage, median(all)]));
  }

  /** Milliseconds a batch at the host, several under way, answers read back. */
  async wallMs(): Promise<number> {
    const startMs = performance.now();
    const busy = this.#lanes.map(async (lane) => {
      for (let run = 0; run < BATCHES / LANES; run++) {
        this.#submit(lane);
        await lane.readable.mapAsync(1);
        lane.target.set(new Uint8Array(lane.readable.getMappedRange()));
        lane.readable.unmap();
      }
    });
    await Promise.all(busy);
    return (performance.now() - startMs) / BATCHES;
  }

  dispose(): void {
    for (const { query, ranking, own } of this.#lanes) {
      query.dispose();
      ranking.dispose();
      for (const buffer of own) this.#device.release(buffer);
    }
    this.#timer?.dispose();
  }

  #lane({ query, ranking }: Stages): Lane {
    const device = this.#device;
    const { requests, heads, places, k } = this.#shape;
    const buffers: LaneBuffers = {
      queries: device.buffer("queries", 4 * requests * heads * DIM),
      listRows: device.bufferOf("listRows", this.listRows),
      listScores: device.bufferOf("listScores", this.listScores),
    };
    const capacity = { requests, places };
    const queryLane = query.lane(buffers, capacity);
    const rankingLane = ranking.lane(buffers, capacity, queryLane.features);
    const readable = device.buffer(
      "answers",
      8 * requests * k,
      BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST,
    );
    const own = [buffers.queries, buffers.listRows, buffers.listScores, readable];
    const target = new Uint8Array(8 * requests * k);
    return { query: queryLane, ranking: rankingLane, readable, target, own };
  }

  #submit({ query, ranking, readable }: Lane, timer: StageTimer | null = null): void {
    const shape = this.#shape;
    const users = new Uint32Array(2 * shape.requests);
    for (const [at, row] of this.userRows.entries()) users.set([USER_KINDS.row, row], 2 * at);
    query.upload({ users, given: new Float32Array(0) }, shape);
    ranking.upload(shape);
    const bytes = 4 * shape.requests * shape.k;
    this.#device.submit("trial", (encoder) => {
      const recorder = timer?.record(encoder) ?? new PlainRecorder(encoder);
      query.record(recorder, shape);
      ranking.record(recorder, shape);
      recorder.end();
      timer?.resolve(encoder);
      encoder.copyBufferToBuffer(ranking.answerRows, 0, readable, 0, bytes);
      encoder.copyBufferToBuffer(ranking.answerValues, 0, readable, bytes, bytes);
    });
  }
}

interface Lane {
  readonly query: QueryLane;
  readonly ranking: RankingLane;
  readonly readable: GPUBuffer;
  /** Where the answers end up. */
  readonly target: Uint8Array;
  readonly own: readonly GPUBuffer[];
}

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;

function strideOf(items: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let stride = Math.floor(items * 0.618);
  while (gcd(stride, items) !== 1) stride++;
  return stride;
}
