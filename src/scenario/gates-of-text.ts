import { parse } from "yaml";
import { HarnessError } from "../errors.ts";
import { scenarioSchema } from "./schema.ts";

/**
 * The gate expressions of a scenario's text, as a result bundle keeps it.
 * @throws HarnessError DATA if the text is no scenario any more.
 */
export function gatesOfText(text: string): string[] {
  try {
    const { gate } = parse(text) as { gate?: unknown };
    return scenarioSchema.shape.gate.parse(gate);
  } catch (cause) {
    throw new HarnessError("DATA", "the bundle's scenario has no readable gates", { cause });
  }
}
