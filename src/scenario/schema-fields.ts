import { z } from "zod";
import type { FieldPath } from "./scenario-source.ts";

/** Field names that a schema knows at a path; null where it takes any name. */
export function fieldsAt(
  schema: z.ZodType,
  path: FieldPath,
  value: unknown,
): readonly string[] | null {
  let here: z.ZodType | null = variantOf(schema, value);
  let at = value;
  for (const segment of path) {
    if (here === null) return null;
    at =
      typeof at === "object" && at !== null
        ? (at as Record<string | number, unknown>)[segment]
        : undefined;
    const child = childOf(here, segment);
    here = child === null ? null : variantOf(child, at);
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : null;
}

function childOf(schema: z.ZodType, segment: string | number): z.ZodType | null {
  if (schema instanceof z.ZodObject)
    return (schema.shape[segment] as z.ZodType | undefined) ?? null;
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  return null;
}

/** The schema without its default, and of a discriminated union the option that the value names. */
function variantOf(schema: z.ZodType, value: unknown): z.ZodType | null {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional
  ) {
    return variantOf(schema.unwrap() as z.ZodType, value);
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator } = schema.def;
  const named =
    typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)[discriminator]
      : undefined;
  for (const option of schema.options as readonly z.ZodType[]) {
    if (!(option instanceof z.ZodObject)) continue;
    const tag: unknown = option.shape[discriminator];
    if (tag instanceof z.ZodType && tag.safeParse(named).success) return option;
  }
  return null;
}
