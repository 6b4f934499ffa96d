import { expect, test } from "vitest";
import { Histogram } from "../math/histogram.ts";
import { scriptedQuantile } from "./delay-script.ts";
import { checkPercentiles, RATE, SELFTEST_CASES, type SelftestCase } from "./selftest.ts";

const caseOf = (kind: SelftestCase["script"]["kind"]): SelftestCase =>
  SELFTEST_CASES.find(({ script }) => script.kind === kind)!;

const histogramOf = (latenciesMs: readonly number[]): Histogram => {
  const histogram = Histogram.create();
  for (const ms of latenciesMs) histogram.recordMs(ms);
  return histogram;
};

/** What a ruler without fault reads, `extraMs` of it the machine's. */
const truth = ({ script, seconds }: SelftestCase, extraMs = 0): number[] =>
  Array.from(
    { length: 1000 },
    (_, i) => extraMs + scriptedQuantile(script, (i + 0.5) / 1000, seconds * 1000),
  );

const wrong = (selftest: SelftestCase, latenciesMs: readonly number[]): number[] =>
  checkPercentiles(selftest, histogramOf(latenciesMs))
    .filter(({ holds }) => !holds)
    .map(({ share }) => share);

test.each(SELFTEST_CASES.map((each) => [each.name, each] as const))(
  "the truth passes, and so does a machine that takes some milliseconds more: %s",
  (_, selftest) => {
    expect(wrong(selftest, truth(selftest))).toEqual([]);
    expect(wrong(selftest, truth(selftest, 8))).toEqual([]);
  },
);

test("a ruler without fault passes wherever the standstills fall between two arrivals", () => {
  const { script, seconds } = caseOf("stop");
  if (script.kind !== "stop") throw new Error(script.kind);
  const { stopMs, everyMs } = script;
  const dueMs = Array.from({ length: Math.round(RATE * seconds) }, (_, i) => (1000 * i) / RATE);
  for (let beganMs = 0; beganMs < everyMs; beganMs += 3) {
    const latencies = dueMs.map((ms) => Math.max(0, stopMs - ((ms + beganMs) % everyMs)));
    expect(wrong({ script, seconds, name: "" }, latencies), `at ${beganMs} ms`).toEqual([]);
  }
});

test("a closed loop, which does not ask while it waits, does not see the stall", () => {
  const stall = caseOf("stall");
  expect(wrong(stall, [...Array<number>(199).fill(5), 2000])).not.toEqual([]);
});

test("samples made up to fill the gaps (autocannon 8's correction) are found out", () => {
  const constant = caseOf("constant");
  const filled = Array.from({ length: 50 }, () => Array.from({ length: 20 }, (_, i) => 20 - i));
  expect(wrong(constant, filled.flat())).not.toEqual([]);
});

test("whole milliseconds are not enough for what takes less, and a half is not the whole", () => {
  const bimodal = caseOf("bimodal");
  expect(
    wrong(
      bimodal,
      truth(bimodal).map((ms) => ms / 2),
    ),
  ).not.toEqual([]);
});
