import { readManifest } from "../dataset/folder.ts";
import type { DoorLimits } from "../door/retriever.ts";
import { builtFile } from "../process/built-file.ts";
import { ServiceProcess } from "../process/service-process.ts";
import type { StartOptions, System } from "../system.ts";
import type { DelayScript } from "./delay-script.ts";
import type { ProbeConfig, ProbeReady } from "./probe-service.ts";

/**
 * Starts a system that answers every request with nothing after a stated time, in a process of its
 * own behind the same door as any other: what it measures is the ruler.
 */
export async function startProbe(
  kind: "null" | "delay",
  options: StartOptions<{ readonly maxInFlight: number }>,
  delayMs: number,
): Promise<System> {
  const { model, settings } = options;
  const { manifest } = await readManifest(options.dataset.folder);
  return await startScripted(
    kind,
    { kind: "constant", delayMs },
    {
      ...options,
      limits: {
        items: manifest.items,
        userDim: manifest.userDim,
        queryDim: model.heads * manifest.dim,
        maxInFlight: settings.maxInFlight,
      },
    },
  );
}

export type ScriptedOptions = Pick<
  StartOptions<unknown>,
  "name" | "cpus" | "ports" | "onProgress" | "signal"
> & {
  readonly limits: DoorLimits;
  readonly settings?: object;
};

/** Starts a system that takes over each request as long as a script says. */
export async function startScripted(
  kind: "null" | "delay" | "scripted",
  script: DelayScript,
  options: ScriptedOptions,
): Promise<System> {
  const { name, limits, ports = {} } = options;
  const service = await ServiceProcess.start<ProbeConfig, ProbeReady>({
    file: builtFile(import.meta.url, "./probe-service.js"),
    role: kind,
    config: { role: kind, script, ports, limits },
    cpus: options.cpus,
    onProgress: options.onProgress,
    signal: options.signal,
  });
  return {
    name,
    kind,
    engine: "",
    device: "cpu",
    address: `127.0.0.1:${service.ready.grpcPort}`,
    httpAddress: `http://127.0.0.1:${service.ready.httpPort}`,
    processes: [{ pid: service.pid, role: kind }],
    settings: { ...options.settings },
    build: { seconds: 0, bytes: 0, cached: false },
    died: service.died,
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}
