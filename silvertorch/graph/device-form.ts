import type { TopKForm } from "../../src/onnx/block-top-k.ts";
import type { Device } from "../../src/onnx/device.ts";

/** What differs between the graphs for two devices: their form, never their answers. */
export interface DeviceForm extends TopKForm {
  /** How eligible items are found: on bitmaps, or on cells where there are no operators on bits. */
  readonly eligibility: "bitmaps" | "cells";
  /** Queries of 8-bit products: unsigned is what processors are fast at, CUDA has signed alone. */
  readonly queryBytes: "unsigned" | "signed";
  /** Products of a query with the items of its clusters: one a cluster, or all of them in one. */
  readonly products: "byCluster" | "byQuery";
  /** Whether what few items are eligible can be listed, and is then all that is scored. */
  readonly listsFew: boolean;
  /**
   * How what is known of fresh items gets among what is known of candidates: written over it where
   * they are, or chosen for each; not every device can tell where, or write so.
   */
  readonly freshItems: "scattered" | "chosen";
  /**
   * How compiled items that are hidden from all requests are taken out, where there are no clusters: by
   * themselves, or as if each request excluded them.
   */
  readonly hiddenItems: "apart" | "excluded";
}

const ON_BITS: DeviceForm = {
  eligibility: "bitmaps",
  queryBytes: "unsigned",
  products: "byCluster",
  topK: "ofAny",
  blockWidth: 0,
  blocks: "levelled",
  listsFew: false,
  freshItems: "chosen",
  hiddenItems: "excluded",
};

/** What kernels a device has decides: src/onnx/cuda-kernels.ts lists those of CUDA. */
const FORMS: Readonly<Record<Device, DeviceForm>> = {
  cpu: {
    ...ON_BITS,
    blockWidth: 32,
    listsFew: true,
    freshItems: "scattered",
    hiddenItems: "apart",
  },
  cuda: {
    eligibility: "cells",
    queryBytes: "signed",
    products: "byQuery",
    topK: "ofFinite",
    // Within a tenth of the best width, which depends on places and k; of all tables a divisor.
    blockWidth: 32,
    blocks: "nested",
    listsFew: false,
    freshItems: "chosen",
    hiddenItems: "excluded",
  },
  webgpu: ON_BITS,
};

export const formOf = (device: Device): DeviceForm => FORMS[device];
