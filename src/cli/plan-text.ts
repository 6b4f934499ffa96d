import type { LoadedScenario } from "../scenario/load-scenario.ts";
import { planRun } from "../scenario/plan.ts";
import type { DatasetSpec } from "../scenario/schema.ts";
import { spokenDuration } from "./duration.ts";
import { shortPath } from "./scenario-path.ts";

/** What `run` would do with a scenario, for a person. */
export function planText({ scenario, path }: LoadedScenario, out: string): string {
  const { units, loads, points, rounds, measuredSeconds } = planRun(scenario);
  const names = units.map(({ system, variant }) =>
    variant === "" ? system : `${system}[${variant}]`,
  );
  return [
    `${scenario.name}  (${shortPath(path)})`,
    `  data     ${datasetWords(scenario.dataset)}`,
    `  systems  ${names.join(", ")}`,
    `  loads    ${loads.join(", ")}`,
    `  points   ${points} in ${rounds} rounds, ${spokenDuration(measuredSeconds)} under load;`,
    "           building, starting and warming up come on top",
    `  bundle   ${out}`,
  ].join("\n");
}

/** `synthetic, 50,000 items of 64 dimensions`. */
export function datasetWords(dataset: DatasetSpec): string {
  switch (dataset.kind) {
    case "generated":
    case "synthetic":
      return `${dataset.kind}, ${grouped(dataset.items)} items of ${dataset.dim} dimensions`;
    case "glove-100":
      return dataset.items === undefined
        ? "glove-100"
        : `glove-100, its ${grouped(dataset.items)} most frequent words`;
    case "folder":
      return `folder ${dataset.path}`;
  }
}

const grouped = (count: number): string => count.toLocaleString("en-US");
