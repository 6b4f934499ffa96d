import { readProcess, type ProcessReading } from "../process/process-reading.ts";
import type { GpuSampler } from "./gpu-sampler.ts";

/** What a system used over a part of a stretch, as a rule a second. */
export interface ResourceSample {
  /** Of the stretch, at the sample's end. */
  readonly atSeconds: number;
  readonly seconds: number;
  /** CPUs busy on average, of all processes. */
  readonly cores: number;
  /** At the end, of all processes. */
  readonly rssBytes: number;
  /** GPUs busy on average, and their power; null where none was watched or it does not tell. */
  readonly gpus: number | null;
  readonly watts: number | null;
}

export interface SamplerOptions {
  /** Asked anew for each sample: a process that was killed is followed by another. */
  readonly pids: () => readonly number[];
  readonly gpu: GpuSampler | null;
  readonly everyMs?: number;
  readonly readOf?: (pid: number) => ProcessReading | null;
  readonly nowMs?: () => number;
}

const EVERY_MS = 1000;
/** Beyond these neighbours are joined, so that an hour takes no more room than a minute. */
const MOST_SAMPLES = 32;
/** The rest at the end is no sample of its own where it is shorter than this share of one. */
const REST_SHARE = 0.25;

/**
 * Watches a system's processes from outside, second by second, from its making until `stop`: through
 * /proc, so that the system itself does nothing for it.
 */
export class ResourceSampler implements Disposable {
  readonly #options: Required<Omit<SamplerOptions, "gpu">> & Pick<SamplerOptions, "gpu">;
  readonly #startMs: number;
  readonly #timer: NodeJS.Timeout;
  #samples: readonly ResourceSample[] = [];
  /** How long a sample is to be; twice as long with each time that neighbours are joined. */
  #widthSeconds: number;
  #lastMs: number;
  #last: ReadonlyMap<number, ProcessReading>;

  constructor(options: SamplerOptions) {
    const defaults = { everyMs: EVERY_MS, readOf: readProcess, nowMs: () => performance.now() };
    this.#options = { ...defaults, ...options };
    this.#widthSeconds = this.#options.everyMs / 1000;
    this.#startMs = this.#options.nowMs();
    this.#lastMs = this.#startMs;
    this.#last = this.#readings();
    this.#timer = setInterval(() => this.look(), this.#options.everyMs).unref();
  }

  /** Ends the sample that is under way. */
  look(): void {
    const { gpu, nowMs } = this.#options;
    const atMs = nowMs();
    const seconds = (atMs - this.#lastMs) / 1000;
    const readings = this.#readings();
    if (seconds <= 0 || readings.size === 0) return;
    let [cpuSeconds, rssBytes] = [0, 0];
    for (const [pid, reading] of readings) {
      cpuSeconds += reading.cpuSeconds - (this.#last.get(pid)?.cpuSeconds ?? 0);
      rssBytes += reading.rssBytes;
    }
    const device = gpu?.sinceLastLook() ?? null;
    const sample = {
      atSeconds: (atMs - this.#startMs) / 1000,
      seconds,
      cores: cpuSeconds / seconds,
      rssBytes,
      gpus: device?.busyShare ?? null,
      watts: device?.watts ?? null,
    };
    [this.#lastMs, this.#last] = [atMs, readings];
    this.#add(sample);
  }

  /** @returns the samples; none where the processes cannot be read from here. */
  stop(): readonly ResourceSample[] {
    clearInterval(this.#timer);
    this.look();
    return this.#samples;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #add(sample: ResourceSample): void {
    const last = this.#samples.at(-1);
    const most = this.#widthSeconds + (REST_SHARE * this.#options.everyMs) / 1000;
    if (last !== undefined && last.seconds + sample.seconds <= most) {
      this.#samples = [...this.#samples.slice(0, -1), joined(last, sample)];
      return;
    }
    this.#samples = [...this.#samples, sample];
    if (this.#samples.length <= MOST_SAMPLES) return;
    this.#samples = inPairs(this.#samples);
    this.#widthSeconds *= 2;
  }

  #readings(): Map<number, ProcessReading> {
    const { pids, readOf } = this.#options;
    return new Map(
      [...new Set(pids())].flatMap((pid): [number, ProcessReading][] => {
        const reading = readOf(pid);
        return reading === null ? [] : [[pid, reading]];
      }),
    );
  }
}

/** The samples of a point's stretches one behind the other, without the time between them. */
export function joinCourses(
  stretches: readonly { readonly samples: readonly ResourceSample[]; readonly seconds: number }[],
): readonly ResourceSample[] {
  let before = 0;
  const all = stretches.flatMap(({ samples, seconds }) => {
    const moved = samples.map((sample) => ({ ...sample, atSeconds: before + sample.atSeconds }));
    before += samples.at(-1)?.atSeconds ?? seconds;
    return moved;
  });
  return thinned(all);
}

/** Neighbours joined until there are few enough. */
const thinned = (samples: readonly ResourceSample[]): readonly ResourceSample[] =>
  samples.length <= MOST_SAMPLES ? samples : thinned(inPairs(samples));

function inPairs(samples: readonly ResourceSample[]): readonly ResourceSample[] {
  return samples.flatMap((sample, i) => {
    const next = samples[i + 1];
    if (i % 2 === 1) return [];
    return [next === undefined ? sample : joined(sample, next)];
  });
}

function joined(first: ResourceSample, second: ResourceSample): ResourceSample {
  const seconds = first.seconds + second.seconds;
  const mean = (a: number | null, b: number | null): number | null =>
    a === null || b === null ? null : (a * first.seconds + b * second.seconds) / seconds;
  return {
    atSeconds: second.atSeconds,
    seconds,
    cores: mean(first.cores, second.cores)!,
    rssBytes: second.rssBytes,
    gpus: mean(first.gpus, second.gpus),
    watts: mean(first.watts, second.watts),
  };
}
