import type { DeviceStats } from "../../../src/door/stats.ts";
import type { HostTensor } from "../../../src/onnx/element-type.ts";
import { freshTables } from "../../compile/fresh-tables.ts";
import type { ArtifactManifest } from "../../compile/manifest.ts";
import type { FreshTables } from "../../graph/fresh-ranking.ts";
import { Effort, type Probing } from "../effort.ts";
import type { Engine } from "../engine.ts";
import { blankItems, type FreshItems, hiding } from "../fresh-items.ts";
import type { ProbingCounters } from "../probing-counters.ts";
import type { EngineAnswer, EngineQuery } from "../query.ts";
import { type SearchGroup, thoroughAnswers, type Together } from "../thorough-answers.ts";
import type { PackedAnswers, PackedLists } from "./answers.ts";
import { packFresh } from "./pack-fresh.ts";
import {
  NO_FRESH,
  openFirst,
  packBatch,
  type PackedBatch,
  type ScoredFresh,
} from "./pack-batch.ts";
import { mostProbesOf, partsOf } from "./search-limits.ts";
import type { PackedFresh } from "./stages.ts";

/** What an engine asks of the device, in this thread or in one of its own. */
export interface FusedRunner extends AsyncDisposable {
  /** Scanned clusters, or stretches of an artifact that has none. */
  readonly clusters: number;
  /** Positions of each. */
  readonly width: number;
  /** Batches that are of use to it at once. */
  readonly lanes: number;
  readonly devices: readonly DeviceStats[];
  run(batch: PackedBatch): Promise<PackedAnswers>;
}

/** On an H100, 200,000 items, between 16,600 and 54,000 changes. What costs there is that there are any. */
const SCORED_CHANGE_COST = 0.12;

/** The artifact on the GPU, searched by our own kernels. */
export class FusedEngine implements Engine {
  /** The parts of a batch are run side by side. */
  readonly coldBySize = true;
  readonly widensAnswers = false;
  readonly mostAtOnce = Infinity;
  readonly #runner: FusedRunner;
  readonly #manifest: ArtifactManifest;
  readonly #effort: Effort;
  /** null: an item's value is its score, and fresh ones are scored beside the answer. */
  readonly #tables: FreshTables | null;
  #freshItems: (count: number) => ScoredFresh = () => NO_FRESH;

  /**
   * @param runner the artifact on a device; it ends with the engine.
   * @param probing clusters that a head looks at.
   */
  constructor(runner: FusedRunner, manifest: ArtifactManifest, probing: Probing) {
    this.#runner = runner;
    this.#manifest = manifest;
    this.#tables = manifest.scoreOnly ? null : freshTables(manifest.model, manifest.columns);
    // Of whatever k and filter, then: what is searched alike goes through the device as one batch.
    this.#effort = new Effort(manifest, withRoom(probing, manifest), {
      checksFirst: true,
      copiesClusters: false,
    });
  }

  /** Ranked along they are not measured: scored as compiled ones are, and merged besides. */
  get changeCost(): number {
    return (this.#tables === null ? SCORED_CHANGE_COST : 1.5) / this.#effort.usualShare;
  }

  get lanes(): number {
    return this.#runner.lanes;
  }

  get probing(): ProbingCounters {
    return this.#effort.counters;
  }

  get devices(): readonly DeviceStats[] {
    return this.#runner.devices;
  }

  async answer(queries: readonly EngineQuery[], fresh?: FreshItems): Promise<EngineAnswer[]> {
    const asked = fresh === undefined ? queries : hiding(queries, fresh.hidden);
    const effort = this.#effort;
    // Filtered ones may look into as many clusters as they like; those without all into as many.
    const together: Together = ({ plan }, { probes }) => {
      if (effort.isAll({ probes })) return "all";
      return plan === null && probes !== effort.atFirst.probes ? `open, ${probes}` : "some";
    };
    return await thoroughAnswers(asked, { effort, together }, (group) =>
      this.#search(group, fresh ?? null),
    );
  }

  /** Its buffers and kernels are the same however much is looked at, but for those of fresh items. */
  async lookEverywhere(query: EngineQuery): Promise<void> {
    if (this.#tables === null) return;
    await this.answer([query], blankItems(this.#manifest.dim, this.#tables, 1));
  }

  /** @param items asked before each run, for those that its queries tell of: float32 [fresh, dim]. */
  scoreFresh(items: (count: number) => HostTensor): void {
    this.#freshItems = (count) => {
      if (count === 0) return NO_FRESH;
      const { data, appendedTo } = items(count);
      const floats = data as Float32Array;
      if (appendedTo !== undefined) return { count, items: floats, table: appendedTo };
      // A copy: a batch is handed over whole.
      return { count, items: new Float32Array(floats), table: null };
    };
  }

  /** There is nowhere else that its kernels could run. */
  async checkPlacement(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner[Symbol.asyncDispose]();
  }

  async #search({ queries, each }: SearchGroup, fresh: FreshItems | null): Promise<EngineAnswer[]> {
    const { clusters, width } = this.#runner;
    const { heads } = this.#manifest.model;
    const probes = each.map((own) => (this.#effort.isAll(own) ? clusters : own.probes));
    const parts = partsOf(probes.map((own) => own * width * heads));
    const answers = await Promise.all(
      parts.map(({ first, end }) =>
        this.#run(queries.slice(first, end), probes.slice(first, end), fresh),
      ),
    );
    return answers.flat();
  }

  async #run(
    queries: readonly EngineQuery[],
    probes: readonly number[],
    fresh: FreshItems | null,
  ): Promise<EngineAnswer[]> {
    const { items, model, scoreOnly } = this.#manifest;
    const order = openFirst(queries);
    const ordered = Array.from(order, (at) => queries[at]!);
    const k = Math.min(items, Math.max(...queries.map((query) => query.k)));
    const all = items + (fresh?.count ?? 0);
    const places = scoreOnly ? k : Math.min(all, model.candidates);
    const settings = {
      heads: model.heads,
      clusters: this.#runner.clusters,
      probes: probes[order[0]!]!,
      probesOf: Array.from(order, (at) => probes[at]!),
      ordersClusters: this.#effort.grows,
      places,
      candidates: candidateCount(places, items),
    };
    const freshCount = ordered[0]!.freshOpen?.count ?? 0;
    const batch = packBatch(ordered, settings, this.#freshItems(freshCount));
    const ranked = fresh === null || fresh.count === 0 ? null : this.#ranked(ordered, fresh);
    const found = await this.#runner.run({ ...batch, ranked });
    const answers: EngineAnswer[] = [];
    for (const [nth, at] of order.entries()) {
      answers[at] = answerOf(found, nth, queries[at]!.k);
    }
    return answers;
  }

  #ranked(queries: readonly EngineQuery[], fresh: FreshItems): PackedFresh {
    const { overarch, heads } = this.#manifest.model;
    const readsEmbedding = overarch === "mlp" && heads > 1;
    return packFresh(queries, fresh, this.#tables!, { readsEmbedding });
  }
}

/** A filter lets the probes grow to what one request has room for, and no further. */
function withRoom(
  { probes, mostProbes = probes }: Probing,
  { clusterWidth, model }: ArtifactManifest,
): Probing {
  if (clusterWidth === null) return { probes };
  const room = mostProbesOf(clusterWidth * model.heads);
  return { probes, mostProbes: mostProbes === "all" ? room : Math.min(room, mostProbes) };
}

/** How many candidates of the 8-bit scan are scored again: as graph/refinement.ts. */
const candidateCount = (places: number, items: number): number =>
  Math.min(items, places + Math.floor(places / 8) + 16);

function answerOf({ fresh, ...answers }: PackedAnswers, nth: number, k: number): EngineAnswer {
  const own = listOf(answers, nth, k);
  const ofFresh = fresh === null ? NOTHING : listOf(fresh, nth, k);
  return {
    ...own,
    freshScores: ofFresh.values,
    freshSlots: ofFresh.rows,
    // What signatures let through is checked before it gets a place.
    starved: false,
  };
}

/** The first k of a list, on the batch's own memory, to which nobody else writes. */
function listOf(
  { counts, rows, values, width }: PackedLists,
  nth: number,
  k: number,
): Pick<EngineAnswer, "rows" | "values"> {
  const first = nth * width;
  const end = first + Math.min(k, counts[nth]!);
  return { rows: rows.subarray(first, end), values: values.subarray(first, end) };
}

const NOTHING = { rows: new Uint32Array(0), values: new Float32Array(0) };
