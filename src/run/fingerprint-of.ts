import { createHash } from "node:crypto";
import type { Workload } from "../dataset/workload.ts";
import { codeHash } from "../measure/code-hash.ts";
import type { CpuPlan } from "../measure/cpu-set.ts";
import type { Fingerprint, Machine } from "../result/schema.ts";
import type { LoadedScenario } from "../scenario/load-scenario.ts";
import type { Questions } from "./questions.ts";
import type { Twins } from "./twins.ts";

export interface Circumstances {
  readonly loaded: LoadedScenario;
  readonly twins: Twins | null;
  readonly workload: Workload;
  readonly traces: ReadonlyMap<string, Questions>;
  readonly machine: Machine;
  readonly cpus: CpuPlan;
}

/** Of all that a point depends on, a hash each: what differs in any of them is another run. */
export async function fingerprintOf(of: Circumstances): Promise<Fingerprint> {
  const { loaded, twins, workload, traces, machine, cpus } = of;
  const traced = [...traces].map(([load, { trace }]) => [load, trace?.hash]);
  return {
    scenario: hashOf([loaded.hash, twins]),
    data: hashOf([workload.location.hash, workload.requests.hash, traced]),
    code: hashOf([await codeHash(), machine.node, machine.packages]),
    machine: hashOf([machine.class, machine.os, machine.governor, cpus.system, cpus.client]),
  };
}

const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
