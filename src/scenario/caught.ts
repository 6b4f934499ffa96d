import { HarnessError } from "../errors.ts";
import type { Mistake } from "./mistake.ts";
import type { FieldPath, ScenarioSource } from "./scenario-source.ts";

/** What a check has against a field: no mistake, or the BAD_INPUT it throws as one. */
export function caught(source: ScenarioSource, path: FieldPath, check: () => unknown): Mistake[] {
  try {
    check();
    return [];
  } catch (thrown) {
    const error = HarnessError.from(thrown);
    if (error.code !== "BAD_INPUT") throw error;
    return [source.mistake(path, error.message)];
  }
}
