import type { EligibleRows } from "./services.ts";

/** EligibleRows of mesh.proto, which goes from the filter service to the index service. */
export interface WireEligible {
  readonly count: number;
  readonly all: boolean;
  readonly bitmap: Uint8Array;
}

/** With the version that an answer was given from. */
export type WireDatedEligible = WireEligible & { readonly version: number };

const NO_BYTES = Buffer.alloc(0);

export function encodeEligible({ bitmap, count }: EligibleRows): WireEligible {
  return { count, all: bitmap === null, bitmap: bitmap ?? NO_BYTES };
}

export function decodeEligible({ count, all, bitmap }: WireEligible): EligibleRows {
  return { count, bitmap: all ? null : bitmap };
}
