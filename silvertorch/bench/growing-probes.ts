import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { EngineAnswer } from "../engine/query.ts";
import { RequestReader } from "../engine/request-reader.ts";
import { Batches, recallOf, shortOf } from "./batches.ts";
import { contest } from "./contest.ts";
import { speedLine } from "./speed-table.ts";
import type { Loaded, Workbench } from "./workbench.ts";

/** Filters of a batch, in turn: at random half, a tenth .. of the items pass, or those near the user, or others. */
const MIX = [
  "",
  "u < 50",
  "u < 10",
  "u < 1",
  "u < 0.1",
  "lang:{lang near} AND topic:{topic near}",
  "lang:{lang} AND topic:{topic}",
] as const;

/** The mean over all requests that both ways have to reach. */
const RECALLS = [0.9, 0.95, 0.98] as const;

const WHOLE = "all clusters";
const GROWING = "growing";
const BY_CENTROIDS = "growing, by centroids alone";
const FIXED = "fixed, filters seen before";
const FIXED_ANEW = "fixed, filters new to it";

/** Of the clusters, above which a fixed number is of no use: all are scanned in less time. */
const MOST_SHARE = 0.5;

export interface GrowingOptions {
  readonly batch: number;
  readonly batches: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

interface Way {
  readonly probes: number;
  readonly recall: number;
  readonly batches: Batches;
  readonly loaded: Loaded;
}

/**
 * What it is worth that probes grow as filters leave less: the time of a mix of filters by as few
 * probes as reach a recall, the same number for every filter against one that grows.
 */
export async function growingProbes(
  workbench: Workbench,
  all: Loaded,
  { batch, batches, rounds, say }: GrowingOptions,
): Promise<void> {
  const requests = mixed(workbench, batch * batches);
  const truth = await new Batches(all, requests, batch).answers();
  const clusters = all.artifact.manifest.clusters!;
  const enough = async (
    recall: number,
    most: "same" | "all",
    reader = all.reader,
  ): Promise<Way | null> => {
    for (const probes of probesToTry(clusters)) {
      const loaded = { ...all.probing(probes, most === "all" ? "all" : probes), reader };
      const asked = new Batches(loaded, requests, batch);
      const answers = await asked.answers();
      const found = recallOf(truth, answers);
      if (found < recall) continue;
      const line = MIX.map((name, nth) => `${name || "none"} ${ofFilter(truth, answers, nth)}`);
      const { grown, widened } = loaded.engine.probing;
      say(
        `  ${most === "all" ? "growing" : "fixed"}${reader === all.reader ? "" : " by centroids"}, ${probes} probes: recall ${found.toFixed(4)}, short ${shortOf(truth, answers)}, ` +
          `${grown} of ${answers.length} began with more, ${widened} searched again (${line.join("; ")})`,
      );
      return { probes, recall: found, batches: asked, loaded };
    }
    return null;
  };
  // Its plans say nothing of clusters.
  const byCentroids = await RequestReader.open(all.artifact);
  const whole = new Batches(all, requests, batch);
  for (const recall of RECALLS) {
    say(
      `\n${MIX.length} filters in turn, the fewest of ${clusters} probes for a recall of ${recall}:`,
    );
    const fixed = await enough(recall, "same");
    const growing = await enough(recall, "all");
    if (growing === null) continue;
    const bare = await enough(recall, "all", byCentroids);
    const contestants = [whole.contestant(WHOLE), growing.batches.contestant(GROWING)];
    if (bare !== null) contestants.push(bare.batches.contestant(BY_CENTROIDS));
    if (fixed === null) {
      say(`  fixed: no number up to ${MOST_SHARE} of the clusters reaches it`);
    } else {
      const { batches: asked, probes } = fixed;
      contestants.push(asked.contestant(FIXED));
      contestants.push(asked.contestantAnew(FIXED_ANEW, () => all.probing(probes)));
    }
    const times = await contest(contestants, rounds);
    for (const { name } of contestants) {
      say(speedLine(times, { name, over: GROWING, batch, more: "" }));
    }
  }
}

/** The filters in turn, so that every batch holds all of them. */
function mixed(workbench: Workbench, count: number): readonly RetrievalRequest[] {
  const byFilter = MIX.map((filter) => workbench.requests(filter, Math.ceil(count / MIX.length)));
  return Array.from(
    { length: count },
    (_, at) => byFilter[at % MIX.length]![Math.floor(at / MIX.length)]!,
  );
}

/** 2, 3, 4, 6, 8, .. */
function probesToTry(clusters: number): number[] {
  const probes: number[] = [];
  for (let power = 2; power <= clusters * MOST_SHARE; power *= 2) probes.push(power, power * 1.5);
  return probes;
}

const ofFilter = (
  truth: readonly EngineAnswer[],
  answers: readonly EngineAnswer[],
  nth: number,
): string => {
  const own = <T>(of: readonly T[]): T[] => of.filter((_, at) => at % MIX.length === nth);
  return recallOf(own(truth), own(answers)).toFixed(3);
};
