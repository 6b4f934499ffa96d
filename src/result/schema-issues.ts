import type { z } from "zod";

const SHOWN = 5;

/** What a schema finds wrong, as one line: `points.3.recall: expected number, received string; ...`. */
export function schemaIssues(error: z.ZodError): string {
  const issues = error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`,
  );
  const more = issues.length - SHOWN;
  return issues.slice(0, SHOWN).join("; ") + (more > 0 ? `; and ${more} more` : "");
}
