import { settlingText } from "../../gate/settling-text.ts";
import { gatherDoubts } from "../../result/doubts.ts";
import type { Comparison, Result } from "../../result/schema.ts";
import type { Digest } from "../digest.ts";
import { formatNumber, formatTimes } from "../format.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";

/** The first screen: question, answer with its interval, verdicts, doubts. */
export function answerSection({ result, headline, load }: Digest): Html {
  const { overMesh, overInProcess, others, overMeshOnGpu } = headline;
  const all = [overMesh, overInProcess, ...others, ...overMeshOnGpu];
  const ratios = all.filter((comparison) => comparison !== null);
  // A ratio in large type is a claim: none is made where the sentence makes none.
  const stated = ratios.filter(
    ({ recallAt, low }) => result.complete && recallAt !== null && low !== null,
  );
  return html`<section class="answer" id="answer" aria-labelledby="question">
    ${result.complete ? null : incomplete(result.incompleteReason)}
    <h1 id="question">
      ${result.scenario.question === "" ? result.scenario.name : result.scenario.question}
    </h1>
    <p class="sentence">${headline.first}</p>
    ${headline.further === "" ? null : html`<p class="further">${headline.further}</p>`}
    ${stated.length === 0 ? null : html`<div class="ratios">${stated.map((ratio) => ratioFigure(ratio, result.systems))}</div>`}
    <p class="method">
      Load: ${load.text}.
      ${stated[0] === undefined ? null : `Method: geometric mean of the ratios of interleaved rounds, ${stated[0].method}.`}
    </p>
    <div class="judgement">${verdicts(result)} ${doubts(result)}</div>
  </section>`;
}

function incomplete(reason: string | undefined): Html {
  return html`<p class="banner" role="note">
    <strong>This run did not complete</strong>${reason === undefined ? null : `: ${reason}`}. What
    follows covers only what was measured before it ended.
  </p>`;
}

function ratioFigure(comparison: Comparison, systems: Digest["result"]["systems"]): Html {
  const { ratio, low, high, over, of, verdict } = comparison;
  const held =
    systems[over]?.settings["transport"] === "in-process" ? "the same mesh in one process" : over;
  const interval =
    low === null || high === null
      ? "no interval"
      : `95%: ${formatNumber(low)} to ${formatNumber(high)}`;
  return html`<p class="ratio ${verdict}">
    <span class="big">${formatTimes(ratio)}</span>
    <span class="what">throughput of ${of} over ${held}</span>
    <span class="interval">${interval} · ${verdict}</span>
  </p>`;
}

const VERDICTS = {
  pass: { glyph: "✓", tone: "good" },
  regression: { glyph: "✗", tone: "bad" },
  inconclusive: { glyph: "≈", tone: "unsure" },
  invalid: { glyph: "!", tone: "bad" },
} as const;

function verdicts({ gates, settling }: Result): Html {
  const items = gates.map(({ expression, verdict, reason }) => {
    const { glyph, tone } = VERDICTS[verdict];
    return html`<li>
      <code>${expression}</code>
      <span class="verdict ${tone}"><span aria-hidden="true">${glyph}</span> ${verdict}</span>
      <span class="reason">${reason}</span>
    </li>`;
  });
  return html`<div class="gates">
    <h2>Verdicts</h2>
    ${
      items.length === 0
        ? html`<p class="quiet">The scenario states no gate.</p>`
        : html`<ul>
            ${items}
          </ul>`
    }
    ${settling === null || items.length === 0 ? null : html`<p class="quiet">${settlingText(settling)}</p>`}
  </div>`;
}

function doubts(result: Result): Html {
  // The banner has said that the run is incomplete.
  const list = gatherDoubts(result.doubts).filter(({ code }) => code !== "incomplete");
  const items = list.map(({ code, text }) => {
    // The first half says what, the rest how much.
    const colon = text.indexOf(": ");
    const [what, detail] = colon === -1 ? [text, ""] : [text.slice(0, colon), text.slice(colon)];
    return html`<li id="doubt-${code}"><strong>${what}</strong>${detail}</li>`;
  });
  return html`<div class="doubts">
    <h2>Before you quote this</h2>
    ${
      items.length === 0
        ? html`<p class="quiet">No doubt was raised by the checks that silverbench makes.</p>`
        : html`<ul>
            ${items}
          </ul>`
    }
  </div>`;
}
