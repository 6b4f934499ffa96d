import { readManifest } from "../dataset/folder.ts";
import { builtFile } from "../process/built-file.ts";
import { ServiceProcess } from "../process/service-process.ts";
import type { StartOptions, System } from "../system.ts";
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
  const { name, model, settings, ports = {} } = options;
  const { manifest } = await readManifest(options.dataset.folder);
  const service = await ServiceProcess.start<ProbeConfig, ProbeReady>({
    file: builtFile(import.meta.url, "./probe-service.js"),
    role: kind,
    config: {
      role: kind,
      delayMs,
      ports,
      limits: {
        items: manifest.items,
        userDim: manifest.userDim,
        queryDim: model.heads * manifest.dim,
        maxInFlight: settings.maxInFlight,
      },
    },
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
    settings: { ...settings },
    build: { seconds: 0, bytes: 0, cached: false },
    died: service.died,
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}
