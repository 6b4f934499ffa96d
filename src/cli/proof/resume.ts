/**
 * Whether a run survives being killed: `npm run proof:resume [-- KILLS [SEED]]`. The quickstart,
 * shortened, is killed with SIGKILL at a random moment, again and again; each time it is resumed to
 * its end, and must then have every point of a run that nobody touched, those measured before as
 * they were, and no process left.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../math/random.ts";
import { changedPoints, finishRun, killRunAfter } from "./killed-run.ts";

const WORDS =
  "quickstart --rounds 3 --system mesh,model --set loads.closed.seconds=1 --set dataset.items=20000";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function prove(kills: number, seed: number): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "silverbench-resume-"));
  // An empty cache, so that building is among the moments that a run is killed at.
  const env = { SILVERBENCH_CACHE: join(folder, "cache") };
  const command = (name: string): { words: string[]; out: string; env: typeof env } => ({
    words: WORDS.split(" "),
    out: join(folder, name),
    env,
  });
  try {
    const began = performance.now();
    const whole = await finishRun(command("whole"));
    const wholeMs = performance.now() - began;
    const keys = keysOf(whole);
    say(`untouched: ${keys.length} points in ${inSeconds(wholeMs)}; kills with seed ${seed}`);
    const random = new Random(seed).fork("kills");
    let isProven = true;
    for (let kill = 1; kill <= kills; kill++) {
      const afterMs = random.float() * wholeMs;
      const killed = await killRunAfter(command(`kill-${kill}`), afterMs);
      const points = await finishRun(command(`kill-${kill}`));
      const changed = changedPoints(killed.points, points);
      const isSame = keysOf(points).join() === keys.join();
      isProven &&= isSame && changed.length === 0 && killed.left.length === 0;
      say(
        `kill ${kill}: after ${inSeconds(afterMs)} with ${killed.points.length} points and ${killed.started} processes; ` +
          `${killed.left.length} left 5 s later; resumed to ${points.length} points, ` +
          `${isSame ? "the same" : "NOT the same"}, ${changed.length} of the earlier ones changed`,
      );
    }
    say(isProven ? "proven: nothing lost, nothing left" : "NOT proven");
    return isProven;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const keysOf = (points: readonly { readonly key: string }[]): string[] =>
  points.map(({ key }) => key).toSorted();

const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

if (import.meta.filename === process.argv[1]) {
  const [kills, seed] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? Date.now())];
  process.exitCode = (await prove(kills, seed)) ? 0 : 1;
}
