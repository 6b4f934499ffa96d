import { readdir, readFile, statfs } from "node:fs/promises";
import { availableParallelism, cpus, freemem, loadavg, platform, release, totalmem } from "node:os";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type CpuPlan, planCpus } from "../../measure/cpu-set.ts";
import type { Check } from "./check.ts";
import { missing, ok, warn } from "./check.ts";

const GIB = 2 ** 30;
const WATCH_MS = 500;
/** CPU flags that decide how fast inner products are, widest last. */
const CPU_FLAGS = ["avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8"] as const;

/** Checks of the machine: what it is, and what on it disturbs a measurement. */
export async function machineChecks(cacheFolder: string): Promise<Check[]> {
  const [cpuInfo, steal, governor, clock, quota, disk, sets] = await Promise.all([
    contents("/proc/cpuinfo"),
    stealCheck(),
    governors(),
    contents("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
    contents("/sys/fs/cgroup/cpu.max"),
    diskCheck(cacheFolder),
    planCpus("auto"),
  ]);
  const isLinux = platform() === "linux";
  return [
    platformCheck(isLinux),
    coresCheck(),
    ...(cpuInfo === null ? [] : [cpuCheck(cpuInfo), virtualCheck(cpuInfo)]),
    ...(quota === null ? [] : quotaCheck(quota)),
    memoryCheck(),
    disk,
    ...(isLinux ? [governorCheck(governor), steal, clockCheck(clock), cpuSetCheck(sets)] : []),
    loadCheck(),
  ];
}

function platformCheck(isLinux: boolean): Check {
  const found = `${platform()} ${release()}`;
  if (isLinux && existsSync("/proc/self/stat")) return ok("platform", found);
  if (platform() === "darwin") {
    return warn("platform", found, "macOS has no CPU sets and no /proc: systems are not pinned");
  }
  return isLinux
    ? missing("platform", `${found} without /proc`, "mount /proc")
    : missing("platform", found, "use Linux or macOS");
}

function coresCheck(): Check {
  const cores = availableParallelism();
  const found = `${cores} of ${cpus().length}, ${cpus()[0]?.model.trim() ?? "model unknown"}`;
  if (cores >= 2) return ok("cores", found);
  return warn(
    "cores",
    found,
    "the load generator and the systems share one core: trust only ratios",
  );
}

function cpuCheck(cpuInfo: string): Check {
  const flags = wordsOf(cpuInfo, "flags") ?? wordsOf(cpuInfo, "Features") ?? [];
  const found = CPU_FLAGS.filter((flag) => flags.includes(flag)).join(", ");
  if (flags.includes("asimd")) return ok("CPU flags", "asimd");
  if (flags.includes("avx2")) return ok("CPU flags", found);
  return warn(
    "CPU flags",
    found || "no AVX2",
    "both systems will be slow: their kernels want AVX2",
  );
}

function virtualCheck(cpuInfo: string): Check {
  if (wordsOf(cpuInfo, "flags")?.includes("hypervisor") !== true) return ok("virtual", "no");
  return warn("virtual", "yes", "neighbours may take time unseen: use more rounds, trust ratios");
}

function quotaCheck(text: string): Check[] {
  const [quota, period] = text.split(/\s+/).map(Number);
  if (quota === undefined || period === undefined || Number.isNaN(quota)) return [];
  const allowed = quota / period;
  const found = `${allowed.toFixed(1)} CPUs`;
  if (allowed >= availableParallelism()) return [ok("CPU quota", found)];
  return [
    warn("CPU quota", found, "the container is throttled: raise its CPU limit or use fewer cpus"),
  ];
}

/** Of the machine, or of what a container leaves of it. */
function memoryCheck(): Check {
  const limit = process.constrainedMemory() ?? 0;
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const free = Math.min(total, process.availableMemory?.() ?? freemem());
  const found = `${(total / GIB).toFixed(1)} GiB, ${(free / GIB).toFixed(1)} of them free`;
  if (total < 4 * GIB)
    return warn("memory", found, "glove and larger catalogues want 4 GiB or more");
  if (free >= 2 * GIB) return ok("memory", found);
  return warn("memory", found, "end what holds it: a system that swaps measures the disk");
}

async function diskCheck(cacheFolder: string): Promise<Check> {
  let folder = cacheFolder;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${(free / GIB).toFixed(1)} GiB free for ${cacheFolder}`;
  if (free >= 4 * GIB) return ok("disk", found);
  return warn("disk", found, "free some, or set SILVERBENCH_CACHE to a larger disk");
}

function governorCheck(governor: string | null): Check {
  if (governor === null) return ok("governor", "none visible");
  if (governor === "performance") return ok("governor", governor);
  return warn("governor", governor, "sudo cpupower frequency-set -g performance");
}

/** The governors of all CPUs, each once; null where the kernel shows none. */
async function governors(): Promise<string | null> {
  const folder = "/sys/devices/system/cpu";
  const names = await readdir(folder).catch((): string[] => []);
  const found = await Promise.all(
    names
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => contents(`${folder}/${name}/cpufreq/scaling_governor`)),
  );
  const seen = new Set(found.filter((governor) => governor !== null));
  return seen.size === 0 ? null : [...seen].join(", ");
}

function clockCheck(clock: string | null): Check {
  const found = clock ?? "unknown";
  if (!/^(hpet|acpi_pm|jiffies)$/.test(found)) return ok("clock", found);
  return warn("clock", found, "reading this clock is slow: boot with clocksource=tsc if you can");
}

function cpuSetCheck({ system, client, reason }: CpuPlan): Check {
  if (system !== null && client !== null && reason === "") {
    return ok("CPU sets", `load on ${client.join(",")}, systems on ${system.join(",")}`);
  }
  const advice = reason.includes("taskset")
    ? "apt-get install util-linux; systems are pinned with it"
    : "the load generator takes time from the systems: trust only ratios";
  return warn("CPU sets", `none: ${reason}`, advice);
}

function loadCheck(): Check {
  const load = loadavg()[0] ?? 0;
  const found = `${load.toFixed(2)} in the last minute`;
  if (load <= 0.3 * availableParallelism()) return ok("other work", found);
  return warn("other work", found, "something else is running: stop it before you measure");
}

/** Time the hypervisor gave to others, over a moment. */
async function stealCheck(): Promise<Check> {
  const before = cpuTicks(await contents("/proc/stat"));
  await sleep(WATCH_MS);
  const after = cpuTicks(await contents("/proc/stat"));
  if (before === null || after === null) return ok("steal", "not told");
  const share = (after.steal - before.steal) / Math.max(1, after.total - before.total);
  const found = `${(100 * share).toFixed(1)}% in ${WATCH_MS} ms`;
  if (share < 0.01) return ok("steal", found);
  return warn("steal", found, "the host is busy: measure at another time or elsewhere");
}

function cpuTicks(stat: string | null): { total: number; steal: number } | null {
  const fields = /^cpu\s+(.*)$/m
    .exec(stat ?? "")?.[1]
    ?.split(/\s+/)
    .map(Number);
  // proc(5): user nice system idle iowait irq softirq steal
  if (fields === undefined || fields.length < 8) return null;
  return { total: fields.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0), steal: fields[7]! };
}

function wordsOf(cpuInfo: string, field: string): string[] | undefined {
  return new RegExp(`^${field}\\s*: (.*)$`, "m").exec(cpuInfo)?.[1]?.split(" ");
}

async function contents(path: string): Promise<string | null> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}
