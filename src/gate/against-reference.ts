import { amongRuns, FEWEST_RUNS } from "../math/among-runs.ts";
import { unpairedRatio } from "../math/unpaired-ratio.ts";
import { COUNTS } from "./expression.ts";
import type { GateExpression } from "./expression.ts";
import { exactly } from "./interval.ts";
import { measured } from "./measured.ts";
import { counted, readSeries, type Series } from "./series.ts";
import type { Judged, MissingTerm } from "./term-value.ts";
import type { Measured } from "./verdict.ts";
import { isSetAlike, logsIn, meanOverOf, type Weather, weatherOf } from "./weather.ts";

/** A run of the reference: as far as the result has come, and whole. */
interface Held {
  readonly soFar: Series;
  readonly whole: Series;
}

/**
 * The result's number as a share of the reference's. A reference of three runs and more tells how
 * far runs lie apart, which is then in the interval; of fewer only the noise within them is known.
 * @param reference runs of the same question, one or more.
 */
export function againstReference(
  expression: GateExpression,
  own: Series,
  result: Judged,
  reference: readonly Judged[],
): Measured | MissingTerm {
  const held: Held[] = [];
  for (const run of reference) {
    const soFar = readSeries(expression, asFarAs(result, run));
    if ("missing" in soFar) return { missing: `of the reference, ${soFar.missing}` };
    const whole = readSeries(expression, run);
    if ("missing" in whole) return { missing: `of the reference, ${whole.missing}` };
    held.push({ soFar, whole });
  }
  const { metric } = expression.left;
  const isByWeather = !COUNTS.includes(metric) && metric !== "recall";
  const areAboveZero = [own, ...held.map(({ soFar }) => soFar)].every(({ values }) =>
    values.every((value) => value > 0),
  );
  if (!isByWeather || !areAboveZero || held.length < FEWEST_RUNS) {
    return againstOne(expression, own, joined(held.map(({ soFar }) => soFar)));
  }
  const over = metric === "throughput" ? expression.over : null;
  const isWeatherShared =
    over !== null && reference.every((run) => isSetAlike(over.system, result, run));
  return againstRuns(expression, own, held, isWeatherShared);
}

/**
 * The reference as it stood after as many rounds as the result has. Systems go on getting faster for
 * a while, not all alike: a first look at a few rounds would be held against what the reference
 * came to in the end.
 */
function asFarAs(result: Judged, reference: Judged): Judged {
  const last = Math.max(...result.points.map(({ round }) => round));
  return { ...reference, points: reference.points.filter(({ round }) => round <= last) };
}

/** Runs as if they were one. */
function joined(runs: readonly Series[]): Series {
  const [first] = runs as [Series];
  const pairs = runs.flatMap((run) => run.pairs ?? []);
  return {
    kind: first.kind,
    values: runs.flatMap(({ values }) => values),
    pairs: first.pairs === null ? null : pairs,
  };
}

function againstOne(expression: GateExpression, own: Series, held: Series): Measured {
  const [now, then] = [measured(expression, own), measured(expression, held)];
  const basis = `${counted(now.n, own.kind)} against ${counted(then.n, held.kind)} of the reference`;
  const base = { n: now.n, basis, reference: then.value };
  if (COUNTS.includes(expression.left.metric)) {
    // A reference without a fault has no shares: any fault is then infinitely many times as many.
    const share = now.value === then.value ? 1 : now.value / then.value;
    return { ...base, ...exactly(share) };
  }
  const isShare = expression.left.metric === "recall";
  const sides = [own.values, held.values];
  if (sides.some((values) => values.some((value) => value <= 0))) {
    return { ...base, value: now.value / then.value, low: NaN, high: NaN };
  }
  if (isShare && sides.some(({ length }) => length < 2)) {
    return { ...base, ...exactly(now.value / then.value) };
  }
  const { confidence } = expression;
  const { ratio, low, high } = unpairedRatio(own.values, held.values, "higher", confidence);
  return { ...base, value: ratio, low, high };
}

function againstRuns(
  { confidence }: GateExpression,
  own: Series,
  held: readonly Held[],
  isWeatherShared: boolean,
): Measured {
  const pairs = own.pairs ?? [];
  const weather = isWeatherShared
    ? weatherOf(
        pairs,
        held.map(({ whole }) => whole.pairs ?? []),
      )
    : { slope: 1 };
  const run = logsOf(own, weather);
  const others = held.map(({ soFar }) => logsOf(soFar, weather));
  const { ratio, low, high, spread } = amongRuns(run, others, confidence);
  // What the reference's number is where the weather is that of the run.
  const mean = run.reduce((sum, log) => sum + log, 0) / run.length;
  const above = weather.slope === 1 ? 0 : (1 - weather.slope) * meanOverOf(pairs);
  const percent = (100 * spread).toPrecision(2);
  const inWeather = weather.slope === 1 ? "" : ", taken as in this run's weather";
  return {
    value: ratio,
    low,
    high,
    n: own.values.length,
    reference: Math.exp(mean - above) / ratio,
    basis: `${counted(own.values.length, own.kind)} against ${held.length} runs of the reference, which differ by ${percent}%${inWeather}`,
  };
}

const logsOf = ({ values, pairs }: Series, weather: Weather): number[] =>
  pairs === null ? values.map((value) => Math.log(value)) : logsIn(weather, pairs);
