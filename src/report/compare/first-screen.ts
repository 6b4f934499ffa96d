import { comparisonSentence } from "../../gate/comparison-sentence.ts";
import type { RunComparison, RunComparisonRow } from "../../gate/run-comparison.ts";
import { formatNumber, formatTimes } from "../format.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import type { BothRuns } from "./both-runs.ts";
import { VERDICT_MARKS } from "./verdict-mark.ts";

/** The change in one sentence, the largest numbers, and what forbids to believe them. */
export function firstScreen(comparison: RunComparison, { after, load }: BothRuns): Html {
  const { question, gaps, rows } = comparison;
  const ofThroughput = rows.filter(
    ({ metric, ratio }) => metric === "throughput" && ratio !== null,
  );
  // Where there is a ratio over the mesh it says more than each side's own number.
  const paired = ofThroughput.filter(({ subject }) => subject.includes(" over "));
  const stated = question.length > 0 ? [] : paired.length > 0 ? paired : ofThroughput;
  return html`<section class="answer" id="answer" aria-labelledby="question">
    ${question.length === 0 ? null : banner(question)}
    <h1 id="question">
      What has changed from one run to the other?
      ${after.scenario.question === "" ? null : html`The question of both: ${after.scenario.question}`}
    </h1>
    <p class="sentence">${comparisonSentence(comparison)}</p>
    ${stated.length === 0 ? null : html`<div class="ratios">${stated.map(changeFigure)}</div>`}
    <p class="method">
      Load: ${load.text}. Method: ratio of the geometric means of the rounds, after over before,
      with Welch's t on their logarithms; a ratio over the mesh is paired by round within each run
      first.
    </p>
    ${gaps.length === 0 ? null : html`<p class="note warn">${sentences(gaps)}</p>`}
  </section>`;
}

function banner(question: readonly string[]): Html {
  return html`<div class="banner" role="note">
    <p><strong>Not the same question</strong>, so the numbers say little about a change:</p>
    <ul>
      ${question.map((each) => html`<li>${each}</li>`)}
    </ul>
  </div>`;
}

function changeFigure({ subject, ratio, low, high, verdict }: RunComparisonRow): Html {
  const interval =
    low === null || high === null
      ? "no interval"
      : `95%: ${formatNumber(low)} to ${formatNumber(high)}`;
  return html`<p class="ratio ${verdict}">
    <span class="big">${formatTimes(ratio)}</span>
    <span class="what">throughput of ${subject}, after over before</span>
    <span class="interval">${interval} · ${VERDICT_MARKS[verdict].glyph} ${verdict}</span>
  </p>`;
}

const sentences = (parts: readonly string[]): string =>
  parts.map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}.`).join(" ");
