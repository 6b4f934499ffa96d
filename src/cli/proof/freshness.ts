/**
 * What live updates cost, and how soon they are seen:
 * `npm run proof:freshness [-- ITEMS [FOLDS [SECONDS [MODEL]]] --dim 64 --cpus 1 --in-flight 64
 * --engine onnx|fused --device cpu|cuda|webgpu --precision float32|float16|int8 --nlist N --probes N
 * --max-batch N --door-workers N --fold-after N --software --standing N,N]`, MODEL `score` or `mol`:
 * ranked by the score, or by a mixture of logits and a formula. What is not given is as a scenario has
 * it.
 * Two models over the same artifact answer the same closed load in turn, in rounds of SECONDS. One of
 * them is given 300 updates a second: new items, new versions of known ones, and as many deletes as
 * new ones, for a catalogue that grows is dearer to search whether it is updated or not. The ratio of
 * their throughputs is paired by round. An update counts as seen once an answer that was asked for
 * after it holds it; the other model is asked for as much as often, so that the looking is no
 * difference between them.
 *
 * A model has CPUs of its own, and its folds are on the same ones: spare CPUs are to be had by giving
 * it more than it uses. The load comes from the others, and where it was the narrow place itself,
 * that is told.
 *
 * Whoever is not measured stands still, folds and all (SIGSTOP), so that all that updates cost, a fold
 * and the swap to it, falls into the rounds with updates, and those together are one stretch of
 * time. It ends with a fold, the one after FOLDS: rounds with and without a fold are in it as often as
 * they are in the long run, and all of them together are the figure that counts.
 *
 * With `--standing` there are no folds, and it is what the balance of fold-moment.ts is made of: after
 * each of the given numbers of updates, what they cost that stand still, and what more cost that come.
 */
import { explain, HarnessError } from "../../errors.ts";
import { exitCodeOfError } from "../exit-code.ts";
import { BURST, UPDATES_PER_SECOND } from "./freshness/changing-owner.ts";
import { type FreshnessSize, freshnessSize } from "./freshness/freshness-size.ts";
import { ModelPair } from "./freshness/model-pair.ts";
import {
  type BlockPair,
  blockText,
  loadText,
  ratiosText,
  type Round,
  roundsText,
  stagesText,
} from "./freshness/rounds-text.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Of rounds with changes that stand, or come. */
const STANDING_ROUNDS = 8;

/** One model and the other, which first in turn. */
async function inTurn<Of>(
  nth: number,
  pair: ModelPair,
  changing: () => Promise<Of>,
): Promise<{ readonly changed: Of; readonly over: BlockPair["over"] }> {
  const stillFirst = nth % 2 === 0 ? await pair.still() : null;
  const changed = await changing();
  return { changed, over: stillFirst ?? (await pair.still()) };
}

async function untilFolds(pair: ModelPair, folds: number): Promise<void> {
  const rounds: Round[] = [];
  for (let nth = 0; (rounds.at(-1)?.ended ?? 0) < folds; nth++) {
    const { changed, over } = await inTurn(nth, pair, () => pair.changing("coming"));
    const { block: of, before, after } = changed;
    const ended = after.get("model.folds")!;
    const isUnderWay = [before, after].some(
      (counters) => counters.get("model.folds_under_way")! > 0,
    );
    const folded = isUnderWay || ended > before.get("model.folds")!;
    say(
      `round ${nth}${folded ? ", a fold" : ""}: with updates ${blockText(of)}, without ${blockText(over)}`,
    );
    // The first warms both up.
    if (nth > 0) rounds.push({ of, over, folded, ended });
  }
  const stats = await pair.stats();
  say(`with ${UPDATES_PER_SECOND} updates/s over without:`);
  for (const line of roundsText(rounds)) say(line);
  say(`with updates ${stagesText(stats.changing)}`);
  say(`without ${stagesText(stats.still)}`);
  say(
    `${stats.changing.counters.get("model.folds")} folds; at the end ${changesText(stats.changing.counters)}`,
  );
}

async function standing(pair: ModelPair, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const poured = await pair.pour(number);
    if (poured.updates > 0) {
      say(
        `${poured.updates} updates beside no load took ${poured.cpuUs.toFixed(0)} us of CPU each`,
      );
    }
    for (const updates of ["standing", "coming"] as const) {
      const rounds: BlockPair[] = [];
      let last: ReadonlyMap<string, number> = new Map();
      for (let nth = 0; nth <= STANDING_ROUNDS; nth++) {
        const { changed, over } = await inTurn(nth, pair, () => pair.changing(updates));
        if (nth === 0)
          say(
            `${changesText(changed.before)}, ${updates === "coming" ? `and ${UPDATES_PER_SECOND} updates/s` : "that stand"}:`,
          );
        else rounds.push({ of: changed.block, over });
        last = changed.after;
      }
      for (const line of ratiosText(rounds, "the updates' own included")) say(line);
      say(`    ${loadText(rounds)}; at the end ${changesText(last)}`);
    }
  }
}

const changesText = (counters: ReadonlyMap<string, number>): string =>
  `${counters.get("model.fresh_slots")} fresh slots, ${counters.get("model.hidden_items")} hidden items`;

async function measure(size: FreshnessSize): Promise<void> {
  await using pair = await ModelPair.start(size, say);
  await (size.standing.length === 0 ? untilFolds(pair, size.folds) : standing(pair, size.standing));
  const { seen, updates, looks } = pair.owner;
  say(
    `${updates} updates, of each burst one looked for: seen after ${(seen.quantile(0.5) / 1000).toFixed(0)} ms (median), ${(seen.quantile(0.99) / 1000).toFixed(0)} ms (99%), at most ${(seen.max / 1000).toFixed(0)} ms, in ${(looks / (updates / BURST)).toFixed(2)} looks`,
  );
}

try {
  await measure(freshnessSize(process.argv.slice(2)));
} catch (thrown) {
  process.stderr.write(`${explain(HarnessError.from(thrown))}\n`);
  process.exitCode = exitCodeOfError(HarnessError.from(thrown).code);
}
