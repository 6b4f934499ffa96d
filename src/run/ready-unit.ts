import { HarnessError } from "../errors.ts";
import { drive } from "../load/drive.ts";
import { warmUp } from "../measure/warm-up.ts";
import { doubt } from "../result/doubts.ts";
import type { Doubt } from "../result/schema.ts";
import { requestTimeoutMs, type TurnContext } from "./measure-turn.ts";
import type { Unit } from "./units.ts";

/** Requests asked one by one before anything is timed. */
const CHECKED = 32;
/** A window of the warm-up, or the length of the load if that is shorter. */
const WINDOW_SECONDS = 1;

/**
 * Makes a unit ready to be measured: it must answer, its answers are held against the oracle, and
 * it is driven until its throughput has no trend.
 *
 * @returns what of it is in doubt.
 * @throws HarnessError INVALID naming the request that it cannot answer.
 */
export async function readyUnit(unit: Unit, context: TurnContext): Promise<Doubt[]> {
  return [...(await checkAnswers(unit, context)), ...(await warm(unit, context))];
}

async function checkAnswers({ door, system }: Unit, context: TurnContext): Promise<Doubt[]> {
  const { requests, scenario, scorer } = context;
  const step = Math.max(1, Math.floor(requests.length / CHECKED));
  const tally = { asked: 0, recall: 0, forbidden: 0, short: 0 };
  for (let at = 0; at < requests.length; at += step) {
    const timeoutMs = requestTimeoutMs(scenario);
    const { ids } = await door.retrieve(requests[at]!, { timeoutMs }).catch((cause: unknown) => {
      context.signal.throwIfAborted();
      throw new HarnessError("INVALID", `it cannot answer request ${at}`, { where: system, cause });
    });
    const { recall, violations, duplicates, short } = scorer.score(at, ids);
    tally.asked++;
    tally.recall += recall;
    tally.forbidden += violations + duplicates;
    tally.short += Number(short > 0);
  }
  const recall = tally.recall / tally.asked;
  if (recall >= scenario.headline.recall && tally.forbidden + tally.short === 0) return [];
  const found = `recall ${recall.toFixed(3)}, ${tally.forbidden} forbidden ids, ${tally.short} short answers in ${tally.asked} requests`;
  return [doubt("failed-check", `${system}: ${found}`)];
}

async function warm({ running, system, variant }: Unit, context: TurnContext): Promise<Doubt[]> {
  const { scenario, requests, signal } = context;
  const load = Object.values(scenario.loads)[0]!;
  let startAt = 0;
  const { steady } = await warmUp(async () => {
    const observed = await drive({
      system: running,
      load,
      requests,
      startAt,
      seconds: Math.min(WINDOW_SECONDS, load.seconds),
      requestTimeoutMs: requestTimeoutMs(scenario),
      signal,
    });
    startAt = observed.nextAt;
    return observed.completed / observed.seconds;
  });
  const name = variant === "" ? system : `${system} [${variant}]`;
  return steady ? [] : [doubt("not-warm", `${name} was still changing when measuring began`)];
}
