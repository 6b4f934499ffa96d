import type { Digest } from "../digest.ts";
import { html } from "../html.ts";
import type { Section } from "../section.ts";

/** How anybody runs the same again. */
export function repeatSection({ result }: Digest): Section {
  const { scenario } = result;
  const file = `${scenario.name}.yaml`;
  const commands = ["npm ci", `npm run bench -- ${file}`].join("\n");
  return {
    id: "repeat",
    title: "Run it yourself",
    lead: "Everything random has a seed; the same scenario gives the same data, requests and answers.",
    body: html`<p>
        In a checkout of silverbench ${result.silverbench}, save the scenario below as
        <code>${file}</code>, then:
      </p>
      <pre class="commands"><code>${commands}</code></pre>
      <details class="data">
        <summary>The scenario, hash <code>${scenario.hash.slice(0, 16)}</code></summary>
        <pre><code>${scenario.text}</code></pre>
      </details>
      <p class="note">
        The whole result is inside this page:
        <button type="button" class="link" data-save="result">save it as JSON</button>.
      </p>`,
  };
}
