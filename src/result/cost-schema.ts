import { z } from "zod";
import { number } from "./measured-number.ts";

/** What a fleet is planned for. */
const planSchema = z.strictObject({
  requestsPerSecond: z.number(),
  /** Share of a machine's measured capacity that stays free, 0..1. */
  headRoom: z.number(),
  /** Machines beyond those that carry the load. */
  spares: z.number().int(),
});

/** What a system costs under one load, by one price sheet. */
export const costSchema = z.strictObject({
  system: z.string(),
  load: z.string(),
  /** `machines`: whole machines for the plan's load. `resources`: CPU and GPU time, as used. */
  basis: z.enum(["machines", "resources"]),
  /** Name and date of the price sheet. */
  sheet: z.string(),
  /** Where the sheet has its prices from. */
  source: z.string().default(""),
  /** The machine that is priced; for `resources` the one whose vCPU price is used. */
  shape: z.string().default(""),
  /** Requests a second that the dollars an hour buy: the plan's, or those that were measured. */
  requestsPerSecond: number.default(null),
  /** Whole machines, spares included; null for `resources`. */
  machines: z.number().int().nullable().default(null),
  /** Requests a second that one machine held within the objective, before head-room. */
  capacityPerSecond: number.default(null),
  plan: planSchema.nullable().default(null),
  cpuSecondsPerMillion: number.default(null),
  gpuSecondsPerMillion: number.default(null),
  /** Energy of the GPUs alone, where their power was measured. */
  gpuKwhPerMillion: number.default(null),
  dollarsPerHour: z.number(),
  dollarsPerMillion: z.number(),
  requestsPerDollar: z.number(),
  /** Requests per dollar over the mesh's; null without a mesh. */
  efficiency: number,
  /** The same machines with their host whole and only the GPUs that are used; null: all are. */
  hostShare: z
    .strictObject({ dollarsPerHour: z.number(), dollarsPerMillion: z.number(), efficiency: number })
    .nullable()
    .default(null),
  /** Against the mesh's fleet; null for the mesh, for `resources` and without a mesh. */
  breakEven: z
    .strictObject({
      /** From this load on the fleet is never dearer; 0: at any load; null: dearer in the long run. */
      requestsPerSecond: number,
      /** Price of one machine at which both fleets cost the same for the plan's load. */
      machineDollarsPerHour: number,
      /** The same for one of its GPUs, the host at its own price; null where that is unknown. */
      gpuDollarsPerHour: number,
    })
    .nullable()
    .default(null),
});
