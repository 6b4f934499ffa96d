import { connectDoor, type DoorClient } from "../src/door/client.ts";
import { AnswerScorer } from "../src/measure/recall.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import { computeTruth } from "../src/retrieval/oracle.ts";
import type { System, SystemProcess } from "../src/system.ts";
import { quiet, Workbench } from "./workbench.ts";

export const ITEMS = 5_000;
export const DIM = 16;

/** A catalogue with filters of every kind, and requests to it. */
export const openBench = (): Promise<Workbench> =>
  Workbench.openTemporary({
    dataset: { kind: "synthetic", items: ITEMS, dim: DIM, users: 200 },
    requests: {
      distinct: 100,
      k: 50,
      exclude: 10,
      filters: [
        { weight: 2, template: "" },
        { weight: 2, template: "lang:{lang} AND age_days <= 30" },
        { weight: 1, template: "NOT (topic:{topic} OR price >= 20)" },
        { weight: 1, template: "creator:{creator}" },
        { weight: 1, template: "u < 60" },
      ],
    },
  });

/** Several heads, of a tower that somebody must compute. */
export const manyHeads = (model: ModelSpec): ModelSpec => ({
  ...model,
  heads: 3,
  tower: { kind: "mlp", hidden: [24] },
});

/** Its candidates are ranked by what the feature service has of them. */
export const mixtureOfLogits = (model: ModelSpec): ModelSpec => ({
  ...manyHeads(model),
  candidates: 100,
  overarch: "mol",
  tasks: ["click", "buy"],
  mol: { userGroups: 4, itemGroups: 2, dim: 8, gateHidden: 16, temperature: 0.5 },
  value: "0.3 * click + buy * if(lang:en OR age_days <= 60, 1.5, 1) - 0.01 * default(price, 5)",
});

export const inTime = { timeoutMs: 30_000 };

/** What is wrong with answers to all requests of a bench, and their mean recall. */
export interface Score {
  recall: number;
  violations: number;
  short: number;
  duplicates: number;
  /** Answers whose values do not descend. */
  unordered: number;
}

export const FAULTLESS = { violations: 0, short: 0, duplicates: 0, unordered: 0 };

/** Holds what meshes answer against the oracle, which is asked once a model. */
export class AnswerCheck {
  readonly #bench: Workbench;
  readonly #scorers = new Map<ModelSpec, Promise<AnswerScorer>>();

  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  /** Every request of the bench, all at once. */
  async score(client: DoorClient, model: ModelSpec): Promise<Score> {
    const { requests } = this.#bench;
    const scorer = await this.#scorerOf(model);
    const answers = await Promise.all(requests.map((request) => client.retrieve(request, inTime)));
    const total = { ...FAULTLESS, recall: 0 };
    for (const [at, { ids, values }] of answers.entries()) {
      const score = scorer.score(at, ids);
      total.recall += score.recall / requests.length;
      total.violations += score.violations;
      total.short += score.short;
      total.duplicates += score.duplicates;
      total.unordered += Number(values.some((value, place) => value > values[place - 1]!));
    }
    return total;
  }

  #scorerOf(model: ModelSpec): Promise<AnswerScorer> {
    const known = this.#scorers.get(model) ?? this.#ask(model);
    this.#scorers.set(model, known);
    return known;
  }

  async #ask(model: ModelSpec): Promise<AnswerScorer> {
    const { dataset, requests } = this.#bench;
    const asked = { ...dataset, model, requests };
    return new AnswerScorer({
      ...asked,
      truth: await computeTruth({ ...asked, threads: 2, ...quiet }),
    });
  }
}

export async function reach<T>(
  system: System,
  use: (client: DoorClient) => Promise<T>,
): Promise<T> {
  const client = connectDoor(system.address, system.tls);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

export const roleOf = (processes: readonly SystemProcess[]): Map<number, string> =>
  new Map(processes.map(({ pid, role }) => [pid, role]));

export interface Ending {
  /** What the mesh says it died of. */
  readonly code: string;
  readonly where: string | undefined;
  /** Roles of its processes that there still are once it is ended. */
  readonly left: readonly string[];
}

/** The end of a mesh of which one process is killed: what it should be is `endOf(role)`. */
export async function killOne(system: System, role: string): Promise<Ending> {
  const { processes } = system;
  process.kill(processes.find((one) => one.role === role)!.pid, "SIGKILL");
  const { code, where } = await system.died;
  await system[Symbol.asyncDispose]();
  return { code, where, left: alive(processes) };
}

export const endOf = (role: string): Ending => ({ code: "INVALID", where: role, left: [] });

/** The roles of those processes that have not ended. */
export const alive = (processes: readonly SystemProcess[]): string[] =>
  processes.filter(({ pid }) => isRunning(pid)).map(({ role }) => role);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
