import type { Digest } from "../digest.ts";
import { formatBytes, formatSeconds, MISSING } from "../format.ts";
import { html } from "../html.ts";
import type { Child } from "../html.ts";
import type { Section } from "../section.ts";
import { flatten } from "./settings.ts";

/** Where it ran, with what, from which seeds. */
export function machineSection({ result }: Digest): Section {
  const { machine, dataset, seeds, model } = result;
  const facts: readonly (readonly [string, Child])[] = [
    ["Processor", `${machine.cpu}, ${machine.cores === 1 ? "1 core" : `${machine.cores} cores`}`],
    ["Memory", formatBytes(machine.memoryBytes)],
    ["GPU", machine.gpu ?? "none used"],
    ["System", `${machine.os}, Node ${machine.node.replace(/^v/, "")}`],
    ["Virtual", machine.virtualised === null ? "unknown" : machine.virtualised ? "yes" : "no"],
    ["CPU governor", machine.governor ?? "unknown"],
    ["Machine class", html`<code>${machine.class}</code>`],
    [
      "Started",
      `${result.startedAt.slice(0, 16).replace("T", " ")} UTC, took ${formatSeconds(result.seconds)}`,
    ],
    ["Data", html`${dataset.name}, <code>${dataset.hash}</code>`],
    ["Model", [...flatten(model)].map(([name, value]) => `${name} ${value}`).join(", ")],
    [
      "Seeds",
      Object.entries(seeds)
        .map(([name, value]) => `${name} ${value}`)
        .join(", "),
    ],
    [
      "Packages",
      Object.entries(machine.packages)
        .map(([name, version]) => `${name} ${version}`)
        .join(", ") || MISSING,
    ],
    ["silverbench", result.silverbench],
  ];
  return {
    id: "machine",
    title: "Where it ran",
    lead: "Absolute numbers are this machine's. Ratios travel further, yet not everywhere: cores, caches and vector instructions move them.",
    body: html`<dl class="facts">
      ${facts.map(
        ([term, value]) =>
          html`<div>
            <dt>${term}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>`,
  };
}
