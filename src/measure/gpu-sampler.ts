import { type ChildProcess, spawn } from "node:child_process";

/** What the GPUs of the machine did during a stretch, all together. */
export interface GpuUsage {
  /** Time at work: the sum over the GPUs of their busy share times the time. */
  readonly busySeconds: number;
  /** The most that was in use. */
  readonly memoryBytes: number;
  /** Mean power; null where the GPU does not tell. */
  readonly watts: number | null;
}

/** What all GPUs together do at a time. */
export interface GpuLook {
  /** GPUs busy on average: of one, the share of the time. */
  readonly busyShare: number;
  /** null where a GPU does not tell. */
  readonly watts: number | null;
}

/** One reading of one GPU. */
export interface GpuReading {
  readonly index: number;
  readonly atMs: number;
  /** 0..1, over the reading's own interval. */
  readonly busyShare: number;
  readonly memoryBytes: number;
  readonly watts: number | null;
}

const SAMPLE_MS = 100;
const QUERY = "index,utilization.gpu,memory.used,power.draw";

/**
 * Watches the GPUs through `nvidia-smi` from its making until `stop`. It sees the whole machine:
 * whoever else uses a GPU meanwhile is in the numbers.
 */
export class GpuSampler implements Disposable {
  readonly #readings: GpuReading[] = [];
  readonly #child: ChildProcess;
  #text = "";
  #looked = 0;

  constructor() {
    const args = [`--query-gpu=${QUERY}`, "--format=csv,noheader,nounits", `-lms`, `${SAMPLE_MS}`];
    this.#child = spawn("nvidia-smi", args, { stdio: ["ignore", "pipe", "ignore"] });
    // Without the tool there are no readings, and so no usage.
    this.#child.on("error", () => {});
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  /** Of the readings since the last time this was asked; null where there are none. */
  sinceLastLook(): GpuLook | null {
    const readings = this.#readings.slice(this.#looked);
    this.#looked = this.#readings.length;
    return lookAt(readings);
  }

  /** @returns null where there was not a single reading. */
  stop(): GpuUsage | null {
    this[Symbol.dispose]();
    return summarise(this.#readings);
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }

  #read(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop()!;
    for (const line of lines) {
      const reading = parseReading(line, performance.now());
      if (reading !== null) this.#readings.push(reading);
    }
  }
}

/** A line of nvidia-smi's; null if it is none. What a GPU does not tell is `[N/A]`. */
export function parseReading(line: string, atMs: number): GpuReading | null {
  const [index, busy, mebibytes, watts] = line.split(",").map((field) => Number(field));
  if (![index, busy, mebibytes].every(Number.isFinite)) return null;
  return {
    index: index!,
    atMs,
    busyShare: busy! / 100,
    memoryBytes: mebibytes! * 2 ** 20,
    watts: Number.isFinite(watts) ? watts! : null,
  };
}

/** Each reading stands for the time since the one before it of the same GPU. */
export function summarise(readings: readonly GpuReading[]): GpuUsage | null {
  if (readings.length === 0) return null;
  const byGpu = new Map<number, GpuReading[]>();
  for (const reading of readings) {
    byGpu.set(reading.index, [...(byGpu.get(reading.index) ?? []), reading]);
  }
  let busySeconds = 0;
  let memoryBytes = 0;
  let watts: number | null = 0;
  for (const series of byGpu.values()) {
    for (const [i, { atMs, busyShare }] of series.entries()) {
      if (i > 0) busySeconds += (busyShare * (atMs - series[i - 1]!.atMs)) / 1000;
    }
    memoryBytes += Math.max(...series.map((reading) => reading.memoryBytes));
    const powers = series.flatMap((reading) => (reading.watts === null ? [] : [reading.watts]));
    watts =
      powers.length === 0 || watts === null
        ? null
        : watts + powers.reduce((sum, power) => sum + power, 0) / powers.length;
  }
  return { busySeconds, memoryBytes, watts };
}

/** Readings of a short time, over which each GPU's mean is taken; null without any. */
export function lookAt(readings: readonly GpuReading[]): GpuLook | null {
  if (readings.length === 0) return null;
  let busyShare = 0;
  let watts: number | null = 0;
  for (const index of new Set(readings.map((reading) => reading.index))) {
    const own = readings.filter((reading) => reading.index === index);
    busyShare += own.reduce((sum, reading) => sum + reading.busyShare, 0) / own.length;
    const power = own.reduce<number | null>(
      (sum, reading) => (sum === null || reading.watts === null ? null : sum + reading.watts),
      0,
    );
    watts = watts === null || power === null ? null : watts + power / own.length;
  }
  return { busyShare, watts };
}

/** Several stretches together; null where none was watched. */
export function joinGpuUsage(stretches: readonly (GpuUsage | null)[]): GpuUsage | null {
  const known = stretches.filter((usage) => usage !== null);
  if (known.length === 0) return null;
  const watts = known.flatMap((usage) => (usage.watts === null ? [] : [usage.watts]));
  return {
    busySeconds: known.reduce((sum, usage) => sum + usage.busySeconds, 0),
    memoryBytes: Math.max(...known.map((usage) => usage.memoryBytes)),
    watts: watts.length === 0 ? null : watts.reduce((sum, power) => sum + power, 0) / watts.length,
  };
}
