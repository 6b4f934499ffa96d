import { HarnessError } from "../../../errors.ts";
import { type Scenario, scenarioSchema } from "../../../scenario/schema.ts";
import type { FreshnessSize } from "./freshness-size.ts";

const MODELS: Readonly<Record<FreshnessSize["model"], object>> = {
  score: {},
  mol: {
    candidates: 1000,
    overarch: "mol",
    tasks: ["click"],
    value: "click * if(lang:en, 1.2, 1) - 0.001 * default(age_days, 30)",
  },
};

/** @throws HarnessError BAD_INPUT on a setting of the model that there is not. */
export function freshnessScenario({ items, dim, model, settings }: FreshnessSize): Scenario {
  const parsed = scenarioSchema.safeParse({
    model: MODELS[model],
    schema: "silverbench.scenario/1",
    name: "freshness",
    dataset: { kind: "synthetic", items, dim, users: 5000 },
    requests: {
      distinct: 2000,
      k: 100,
      filters: [
        { weight: 1, template: "" },
        { weight: 1, template: "lang:{lang} AND age_days <= 30" },
      ],
    },
    systems: { model: { kind: "index-as-model", settings } },
    loads: { closed: { shape: "closed" } },
  });
  if (parsed.success) return parsed.data;
  const told = parsed.error.issues.map(
    ({ path, message }) => `${path.at(-1)!.toString()}: ${message}`,
  );
  throw new HarnessError("BAD_INPUT", told.join("; "));
}
