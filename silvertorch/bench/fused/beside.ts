import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { HarnessError } from "../../../src/errors.ts";
import type { BenchSize } from "./bench-size.ts";

/** Where and on what a run was made. */
export interface HostFacts {
  /** Of the kernel: another one after each start of the host. */
  readonly bootId: string;
  readonly hostname: string;
  readonly cardUuid: string;
  readonly driver: string;
}

/** A result of meta-ops/meta_ops.py: the fastest way to call Meta's ops. */
interface OtherResult {
  readonly filter: string;
  readonly probes: number;
  readonly requests: number;
  /** null: none worked. */
  readonly best: { readonly way: string; readonly requestsPerSecond: number } | null;
  /** Milliseconds of a batch with nothing beside it. */
  readonly aloneMs?: number;
}

/** The file that meta-ops/meta_ops.py writes, as far as it is read. */
export interface OtherRun {
  readonly host: HostFacts;
  /** Unix time in milliseconds of the last measurement. */
  readonly endedMs: number;
  readonly shape: Readonly<Record<(typeof SHAPE)[number], number>>;
  readonly results: readonly OtherResult[];
}

const SHAPE = ["clusters", "width", "dim", "k"] as const;

/** Longer apart is another run: hosts and cards change with the hour. */
const APART_MS = 30 * 60_000;

/**
 * The run of Meta's ops that this one is held against.
 * @throws HarnessError INVALID unless it was made just before, on this host and card, at this size.
 */
export async function runBeside(file: string, size: BenchSize): Promise<OtherRun> {
  const run = JSON.parse(readFileSync(file, "utf8")) as OtherRun;
  requireSameRun(run, { host: await hostFacts(), nowMs: Date.now(), size }, file);
  return run;
}

/** @throws HarnessError INVALID naming what differs. */
export function requireSameRun(
  { host, endedMs, shape }: OtherRun,
  here: { readonly host: HostFacts; readonly nowMs: number; readonly size: BenchSize },
  where: string,
): void {
  const differences = [
    ...(["bootId", "hostname", "cardUuid", "driver"] as const)
      .filter((name) => host[name] !== here.host[name])
      .map((name) => `${name} ${host[name]}, here ${here.host[name]}`),
    ...SHAPE.filter((name) => shape[name] !== here.size[name]).map(
      (name) => `${name} ${shape[name]}, here ${here.size[name]}`,
    ),
  ];
  const apartMs = here.nowMs - endedMs;
  if (apartMs < 0 || apartMs > APART_MS) {
    differences.push(`it ended ${Math.round(apartMs / 60_000)} minutes ago, 30 are allowed`);
  }
  if (here.size.heads !== 1) differences.push(`1 head, here ${here.size.heads}`);
  if (differences.length > 0) {
    throw new HarnessError("INVALID", `not one and the same run: ${differences.join("; ")}`, {
      where,
      hint: "run silvertorch/bench/meta-ops/meta_ops.py and then this, on one host and card",
    });
  }
}

/** How fast this is against Meta's ops on the same work, as a line; what is missing is said. */
export function against(
  { results }: OtherRun,
  work: { readonly filter: string; readonly probes: number; readonly requests: number },
  ours: { readonly requestsPerSecond: number; readonly aloneMs: number },
): string {
  const other = results.find(
    ({ filter, probes, requests }) =>
      filter === work.filter && probes === work.probes && requests === work.requests,
  );
  if (other === undefined) {
    return `Meta's ops: not measured with ${work.probes} probes at batch ${work.requests}`;
  }
  if (other.best === null) return "Meta's ops: none of the ways to call them worked";
  const { way, requestsPerSecond } = other.best;
  const alone =
    other.aloneMs === undefined
      ? ""
      : `; alone ${other.aloneMs.toFixed(3)} ms, ${(other.aloneMs / ours.aloneMs).toFixed(2)} times ours`;
  return (
    `${(ours.requestsPerSecond / requestsPerSecond).toFixed(2)} times Meta's ops: ` +
    `they ${requestsPerSecond.toFixed(0)} requests/s (${way})${alone}`
  );
}

async function hostFacts(): Promise<HostFacts> {
  const query = ["--query-gpu=uuid,driver_version", "--format=csv,noheader"];
  const { stdout } = await promisify(execFile)("nvidia-smi", query).catch((cause: unknown) => {
    throw new HarnessError("UNAVAILABLE", "nvidia-smi, which tells cards apart, did not run", {
      where: "--beside",
      hint: "put the driver's folder of programs on the PATH",
      cause,
    });
  });
  const cards = stdout.trim().split("\n");
  const [cardUuid = "", driver = ""] = cards[0]!.split(",").map((each) => each.trim());
  if (cards.length !== 1) {
    throw new HarnessError("INVALID", `${cards.length} cards: nobody knows which one was used`, {
      where: "--beside",
      hint: "measure on a host with one",
    });
  }
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return { bootId, hostname: hostname(), cardUuid, driver };
}
