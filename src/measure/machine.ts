import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { cpus, release, totalmem, type as osType } from "node:os";
import { promisify } from "node:util";

/** What a result was measured on. */
export interface Machine {
  readonly cpu: string;
  /** Logical CPUs. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Names of the GPUs; null if there is none. */
  readonly gpu: string | null;
  readonly os: string;
  readonly node: string;
  /** Version of each package that the program stands on. */
  readonly packages: Readonly<Record<string, string>>;
  /** Frequency governor; null where the system does not tell. */
  readonly governor: string | null;
  readonly virtualised: boolean | null;
  /** Hash of what makes two machines comparable: cpu, cores, memory (GiB), gpu, os family. */
  readonly class: string;
}

const run = promisify(execFile);

/** A tool that hangs must not hang the run. */
const TOOL_MS = 5_000;

/** Reads the machine's fingerprint. What cannot be told is null, never a guess. */
export async function readMachine(): Promise<Machine> {
  const [cpu, gpu, os, packages, governor, virtualised] = await Promise.all([
    cpuName(),
    gpuNames(),
    osName(),
    packageVersions(),
    textOf("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
    isVirtualised(),
  ]);
  const cores = cpus().length;
  const memoryBytes = Math.min(totalmem(), memoryLimit());
  const gib = Math.round(memoryBytes / 2 ** 30);
  const comparable = JSON.stringify([cpu, cores, gib, gpu, osType()]);
  return {
    cpu,
    cores,
    memoryBytes,
    gpu,
    os,
    node: process.version,
    packages,
    governor,
    virtualised,
    class: createHash("sha256").update(comparable).digest("hex").slice(0, 12),
  };
}

/** What a container leaves of the machine's memory. */
function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit === undefined || limit === 0 ? Infinity : limit;
}

async function cpuName(): Promise<string> {
  // Node knows no model name on many ARM machines; lscpu does.
  const model = cpus()[0]?.model.trim() ?? "";
  if (model !== "" && model !== "unknown") return model;
  const text = await output("lscpu", []);
  return text?.match(/^Model name:\s*(.+)$/m)?.[1] ?? process.arch;
}

async function gpuNames(): Promise<string | null> {
  const text = await output("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"]);
  const names = text?.split("\n").filter((line) => line.trim() !== "") ?? [];
  return names.length === 0 ? null : names.join(", ");
}

async function osName(): Promise<string> {
  const distribution = (await textOf("/etc/os-release"))?.match(/^PRETTY_NAME="?([^"\n]+)/m)?.[1];
  const kernel = `${osType()} ${release()} ${process.arch}`;
  return distribution === undefined ? kernel : `${distribution}, ${kernel}`;
}

async function isVirtualised(): Promise<boolean | null> {
  const text = await textOf("/proc/cpuinfo");
  const flags = text?.match(/^flags\s*:(.*)$/m)?.[1];
  return flags === undefined ? null : flags.split(" ").includes("hypervisor");
}

/** Versions as installed, of what package.json lists under dependencies. */
async function packageVersions(): Promise<Record<string, string>> {
  const root = await packageRoot();
  const own = JSON.parse(await readFile(new URL("package.json", root), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const entries = Object.keys(own.dependencies).map(async (name) => {
    const text = await textOf(new URL(`node_modules/${name}/package.json`, root));
    const version = text === null ? "missing" : (JSON.parse(text) as { version: string }).version;
    return [name, version] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The folder of our package.json: two up from here in the source, three in dist. */
async function packageRoot(): Promise<URL> {
  const source = new URL("../../", import.meta.url);
  return (await textOf(new URL("package.json", source))) === null
    ? new URL("../../../", import.meta.url)
    : source;
}

async function textOf(path: string | URL): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return null;
  }
}

async function output(command: string, args: readonly string[]): Promise<string | null> {
  try {
    return (await run(command, [...args], { timeout: TOOL_MS })).stdout.trim();
  } catch {
    return null;
  }
}
