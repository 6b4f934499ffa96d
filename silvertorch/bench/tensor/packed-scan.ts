import { ORDERED_KEYS } from "../../kernels/search/ordered-keys.ts";
import { BLOCK, ITEM_VECTORS, type Output, QUERY_VECTORS, type ScanForm } from "./scan-form.ts";

const THREADS = 128;
/** Queries in workgroup memory at a time. */
const QUERIES = 16;

/**
 * By packed products of four, as open-scan.ts does it: a thread holds its items in registers while
 * the queries pass by in workgroup memory.
 * @param each items of a thread: with more of them each query is read less often.
 * @param blockIsSubgroup whether subgroups have the 32 threads of a block.
 */
export function packedScan(each: 1 | 2, blockIsSubgroup: boolean): ScanForm {
  return {
    name: `packed, ${each} item${each === 1 ? "" : "s"} a thread`,
    itemsAGroup: THREADS * each,
    needsMatrices: false,
    code: (output) => packedKernel({ each, output, blockIsSubgroup }),
  };
}

interface PackedOptions {
  readonly each: number;
  readonly output: Output;
  readonly blockIsSubgroup: boolean;
}

function packedKernel(options: PackedOptions): string {
  const { each } = options;
  const ofItems = (write: (item: number) => string): string =>
    Array.from({ length: each }, (_, item) => write(item)).join("\n      ");
  const ofVectors = (write: (vector: number) => string): string =>
    Array.from({ length: ITEM_VECTORS }, (_, vector) => write(vector)).join("\n      ");
  const products = (item: number, vector: number): string =>
    ["x", "y", "z", "w"]
      .map((at) => `dot4I8Packed(item${item}_${vector}.${at}, query.${at})`)
      .join(" + ");
  const { enable, declare, binding, prepare, begin, take, end } = writing(options);
  return /* wgsl */ `
${enable}
requires packed_4x8_integer_dot_product;
${ORDERED_KEYS}
@group(0) @binding(0) var<storage, read> codes: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> scales: array<f32>;
@group(0) @binding(2) var<storage, read> queries: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> results: array<u32>;
@group(0) @binding(4) var<uniform> part: vec4<u32>;

var<workgroup> held_queries: array<vec4<u32>, ${QUERIES * QUERY_VECTORS}>;
${declare}

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  ${binding}
) {
  let within = group.x * ${THREADS * each}u + thread;
  ${ofItems((item) => {
    const at = `(part.x + within + ${item * THREADS}u)`;
    return `let scale${item} = scales[${at}];
      ${ofVectors((vector) => `let item${item}_${vector} = codes[${at} * ${ITEM_VECTORS}u + ${vector}u];`)}`;
  })}
  ${prepare}
  for (var base = 0u; base < part.z; base += ${QUERIES}u) {
    workgroupBarrier();
    for (var i = thread; i < ${QUERIES * QUERY_VECTORS}u; i += ${THREADS}u) {
      held_queries[i] = queries[base * ${QUERY_VECTORS}u + i];
    }
    workgroupBarrier();
    ${ofItems(begin)}
    for (var j = 0u; j < ${QUERIES}u; j++) {
      ${ofItems((item) => `var sum${item} = 0;`)}
      ${ofVectors((vector) => `{ let query = held_queries[j * ${QUERY_VECTORS}u + ${vector}u]; ${ofItems((item) => `sum${item} += ${products(item, vector)};`)} }`)}
      let step = bitcast<f32>(held_queries[j * ${QUERY_VECTORS}u + ${ITEM_VECTORS}u].x);
      ${ofItems((item) => `let key${item} = select(key_of(f32(sum${item}) * scale${item} * step), NONE, scale${item} < 0.0); ${take(item)}`)}
    }
    ${end}
  }
}
`;
}

/** What of the kernel depends on what it writes. */
interface Writing {
  readonly enable: string;
  readonly declare: string;
  readonly binding: string;
  /** Before all queries. */
  readonly prepare: string;
  /** Of each item, before 16 queries; and of the key with one of them, the j-th. */
  readonly begin: (item: number) => string;
  readonly take: (item: number) => string;
  /** After 16 queries. */
  readonly end: string;
}

function writing({ each, output, blockIsSubgroup }: PackedOptions): Writing {
  const place = (item: number): string => `(within + ${item * THREADS}u)`;
  if (output === "scores") {
    return {
      enable: "",
      declare: "",
      binding: "",
      prepare: "",
      begin: () => "",
      take: (item) => `results[(base + j) * part.y + ${place(item)}] = key${item};`,
      end: "",
    };
  }
  const subgroups = {
    enable: "enable subgroups;",
    declare: "",
    binding: `@builtin(subgroup_invocation_id) lane: u32,`,
  };
  if (blockIsSubgroup) {
    const keep = (item: number): string =>
      `if (lane < ${QUERIES}u) { results[${place(item)} / ${BLOCK}u * part.z + base + lane] = best${item}; }`;
    return {
      ...subgroups,
      prepare: "",
      begin: (item) => `var best${item} = NONE;`,
      take: (item) =>
        `let most${item} = subgroupMax(key${item}); if (lane == j) { best${item} = most${item}; }`,
      end: Array.from({ length: each }, (_, item) => keep(item)).join("\n    "),
    };
  }
  const blocks = (THREADS / BLOCK) * each;
  return {
    ...subgroups,
    declare: `var<workgroup> best: array<atomic<u32>, ${QUERIES * blocks}>;`,
    prepare: `for (var i = thread; i < ${QUERIES * blocks}u; i += ${THREADS}u) { atomicStore(&best[i], NONE); }`,
    begin: () => "",
    take: (item) => /* wgsl */ `
      let most${item} = subgroupMax(key${item});
      if (lane == 0u) { atomicMax(&best[j * ${blocks}u + ${(item * THREADS) / BLOCK}u + thread / ${BLOCK}u], most${item}); }`,
    end: /* wgsl */ `
    workgroupBarrier();
    for (var i = thread; i < ${QUERIES * blocks}u; i += ${THREADS}u) {
      let block = group.x * ${blocks}u + i % ${blocks}u;
      results[block * part.z + base + i / ${blocks}u] = atomicExchange(&best[i], NONE);
    }`,
  };
}
