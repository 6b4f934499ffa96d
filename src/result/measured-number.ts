import { z } from "zod";

/** null: not measured, or too few samples for it. */
export const number = z.number().nullable();
