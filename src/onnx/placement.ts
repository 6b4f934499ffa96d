import { HarnessError } from "../errors.ts";
import { type Device, PROVIDERS } from "./device.ts";

/** A node that ran, and where. */
export interface Placement {
  readonly node: string;
  readonly op: string;
  /** As ONNX Runtime names it, "CUDAExecutionProvider". */
  readonly provider: string;
  /** What it wrote the largest time it ran. */
  readonly outputBytes: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args: {
    readonly op_name?: string;
    readonly provider?: string;
    readonly output_size?: string;
  };
}

const SUFFIX = "_kernel_time";

/** Nodes of a profile that ONNX Runtime wrote, each once. */
export function readPlacements(profile: string): Placement[] {
  const placements = new Map<string, Placement>();
  for (const { cat, name, args } of JSON.parse(profile) as ProfileEvent[]) {
    if (cat !== "Node" || !name.endsWith(SUFFIX) || args.provider === undefined) continue;
    const node = name.slice(0, -SUFFIX.length);
    const outputBytes = Math.max(
      Number(args.output_size ?? 0),
      placements.get(node)?.outputBytes ?? 0,
    );
    placements.set(node, { node, op: args.op_name ?? "", provider: args.provider, outputBytes });
  }
  return [...placements.values()];
}

/** Operators whose work is more than their output shows. */
const COMPUTING = /MatMul|Gemm|TopK|Einsum|Conv|Attention|Reduce|ArgM|CumSum|Sort/;

/** Shapes, counts and the like belong on the CPU, and ONNX Runtime puts them there on purpose. */
const SMALL_BYTES = 64 * 1024;

/** Nodes with real work that do not run on the device. */
export function fallenBack(placements: readonly Placement[], device: Device): Placement[] {
  return placements.filter(
    ({ provider, op, outputBytes }) =>
      provider !== PROVIDERS[device] && (COMPUTING.test(op) || outputBytes > SMALL_BYTES),
  );
}

/** Nodes named in an error; there may be hundreds. */
const NAMED_NODES = 5;

/**
 * @param hint what to do about it.
 * @throws HarnessError UNAVAILABLE naming the nodes that ran on the CPU in the device's stead.
 */
export function requireOnDevice(
  placements: readonly Placement[],
  device: Device,
  hint: string,
): void {
  const heavy = fallenBack(placements, device);
  if (heavy.length === 0) return;
  const named = heavy.slice(0, NAMED_NODES).map(({ node, op }) => `${op} (${node})`);
  const more = heavy.length > NAMED_NODES ? ` and ${heavy.length - NAMED_NODES} more` : "";
  throw new HarnessError(
    "UNAVAILABLE",
    `the device ${device} does not run ${named.join(", ")}${more}: they fell back to the CPU`,
    { where: "device", hint },
  );
}
