/**
 * Whether tensor cores would win where many queries scan the same items, as where clusters are
 * shared or all items are scanned:
 *
 *     npm run bench:tensor [-- --items 1048576 --queries 64,256,1024 --forms packed,words --software]
 *
 * Items of 128 int8 codes with a scale each are made on the device. Each form of the scan writes
 * first a key of each item and query, as the engine's does; then only the largest of each 32 items,
 * so that writing does not hide the arithmetic. Its results are compared with the host's on a sample
 * before it is timed (the median of several runs, by the device's timestamps). Forms that the device
 * refuses are told with what it said, and do not stop the others. `--forms` tells parts of their names.
 */
import { parseArgs } from "node:util";
import { HarnessError } from "../../src/errors.ts";
import { GpuDevice, MATRICES } from "../device/gpu-device.ts";
import { copySpeed } from "./fused/copy-speed.ts";
import { matrixFacts } from "./tensor/matrix-facts.ts";
import { compileReport } from "./tensor/compile-report.ts";
import { LANES, type MatrixForm, matrixScan } from "./tensor/matrix-scan.ts";
import { packedScan } from "./tensor/packed-scan.ts";
import {
  BLOCK,
  DIM,
  ITEMS_AT_ONCE,
  type Output,
  QUERIES_AT_ONCE,
  QUERY_VECTORS,
  type ScanForm,
} from "./tensor/scan-form.ts";
import { resultBytes, ScanTrial } from "./tensor/scan-trial.ts";
import { tensorCatalogue } from "./tensor/tensor-catalogue.ts";

const { values: args } = parseArgs({
  options: {
    items: { type: "string", default: "1048576" },
    queries: { type: "string", default: "64,256,1024" },
    forms: { type: "string", default: "" },
    software: { type: "boolean", default: false },
  },
});
const items = multiple("items", args.items, ITEMS_AT_ONCE);
const sizes = args.queries.split(",").map((size) => multiple("queries", size, QUERIES_AT_ONCE));
const MATRIX_FORMS: readonly MatrixForm[] = [
  { rows: "items", queriesIn: "workgroup", held: 2, scalesIn: "registers" },
  { rows: "items", queriesIn: "workgroup", held: 4, scalesIn: "registers" },
  { rows: "queries", queriesIn: "workgroup", held: 2, scalesIn: "registers" },
  { rows: "queries", queriesIn: "workgroup", held: 4, scalesIn: "registers" },
  { rows: "queries", queriesIn: "workgroup", held: 4, scalesIn: "workgroup" },
  { rows: "queries", queriesIn: "storage", held: 4, scalesIn: "workgroup" },
];
const OUTPUTS: readonly Output[] = ["scores", "maxima"];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Milliseconds by form, output and queries. */
const times = new Map<string, number>();
const timeOf = (form: string, output: Output, queries: number): number | undefined =>
  times.get(`${form} ${output} ${queries}`);

const { copyBytesPerMs, forms, hasMatrices } = await look();
const first = packedScan(1, false).name;
for (const form of forms) {
  if (form.needsMatrices && !hasMatrices) continue;
  say(`\n${form.name}`);
  try {
    await measure(form);
  } catch (error) {
    // A form that fails may take its device along, but not the forms that follow.
    process.exitCode = 1;
    say(`  failed: ${HarnessError.from(error).message}`);
  }
}
summarise();

/** What there is to run on. */
async function look(): Promise<{
  copyBytesPerMs: number;
  forms: readonly ScanForm[];
  hasMatrices: boolean;
}> {
  await using device = await open();
  const { adapter } = device;
  const speed = await copySpeed(device);
  say(
    `${adapter.device} (${adapter.description}), subgroups of ${adapter.subgroupSizes.join(" to ")}: ${items} items of ${DIM} codes; ` +
      `a device copy moves ${(speed / 1e9).toFixed(2)} TB/s`,
  );
  const there = device.raw.features.has(MATRICES);
  if (there) for (const each of await matrixFacts(device)) say(each);
  else say(`matrices: the device has no ${MATRICES}, so they are left out`);
  const fits = adapter.subgroupSizes.every((lanes) => lanes === LANES);
  const wanted = args.forms.split(",").map((part) => part.trim());
  const all = [packedScan(1, fits), packedScan(2, fits), ...MATRIX_FORMS.map(matrixScan)];
  if (there && !fits) say(`matrices: subgroups of ${LANES} are asked for`);
  return {
    copyBytesPerMs: speed,
    forms: all.filter(({ name }) => wanted.some((part) => name.includes(part))),
    hasMatrices: there && fits,
  };
}

async function open(): Promise<GpuDevice> {
  const device = await GpuDevice.open({
    allowSoftware: args.software,
    timestamps: true,
    matrices: true,
  });
  if (!device.hasTimestamps) throw new Error(`${device.adapter.device} has no timestamps`);
  return device;
}

async function measure(form: ScanForm): Promise<void> {
  await using device = await open();
  const trial = new ScanTrial(device, await tensorCatalogue(device, items, Math.max(...sizes)));
  for (const output of OUTPUTS) {
    const { kernel, told } = await compileReport(device, form.name, form.code(output));
    const spoken = kernel === null ? told : told.filter((each) => !each.startsWith("warning"));
    for (const each of spoken) say(`  ${output}: ${each.slice(0, 1500)}`);
    if (kernel === null) {
      process.exitCode = 1;
      say(`  ${output}: does not compile`);
      continue;
    }
    for (const queries of sizes) {
      const { ms, checked } = await trial.run(kernel, form, output, queries);
      times.set(`${form.name} ${output} ${queries}`, ms);
      say(
        `  ${speedOf(output, queries, ms)}${against(form, output, queries, ms)}; ${checked} checked`,
      );
    }
  }
}

function speedOf(output: Output, queries: number, ms: number): string {
  const operations = 2 * items * queries * DIM;
  const bytes =
    items * (DIM + 4) + queries * QUERY_VECTORS * 16 + resultBytes(output, items, queries);
  return (
    `${output} ${String(queries).padStart(5)} queries ${ms.toFixed(3).padStart(9)} ms ` +
    `${(operations / ms / 1e9).toFixed(1).padStart(7)} TOP/s ${(bytes / ms / 1e9).toFixed(2).padStart(6)} TB/s, ` +
    `${((100 * bytes) / ms / copyBytesPerMs).toFixed(0).padStart(3)}% of a copy`
  );
}

function against(form: ScanForm, output: Output, queries: number, ms: number): string {
  const other = timeOf(first, output, queries);
  return other === undefined || form.name === first
    ? ""
    : `, ${(other / ms).toFixed(2)} times as fast as ${first}`;
}

/** The fastest of each kind, and by how much the matrices win. */
function summarise(): void {
  say(`\nfastest, of scores and of the largest of ${BLOCK}:`);
  for (const output of OUTPUTS) {
    for (const queries of sizes) {
      const fastest = (needsMatrices: boolean): { name: string; ms: number } | undefined =>
        forms
          .filter((form) => form.needsMatrices === needsMatrices)
          .flatMap(({ name }) => {
            const ms = timeOf(name, output, queries);
            return ms === undefined ? [] : [{ name, ms }];
          })
          .toSorted((a, b) => a.ms - b.ms)[0];
      const [packed, matrices] = [fastest(false), fastest(true)];
      const told = [packed, matrices].flatMap((each) =>
        each === undefined ? [] : [`${each.name}: ${each.ms.toFixed(3)} ms`],
      );
      const ratio =
        packed === undefined || matrices === undefined
          ? ""
          : `; matrices ${(packed.ms / matrices.ms).toFixed(2)} times as fast`;
      if (told.length > 0) say(`  ${output}, ${queries} queries: ${told.join("; ")}${ratio}`);
    }
  }
}

/** @throws HarnessError BAD_INPUT if the option is no multiple of `of`. */
function multiple(option: string, given: string, of: number): number {
  const value = Number(given);
  if (Number.isInteger(value) && value > 0 && value % of === 0) return value;
  throw new HarnessError("BAD_INPUT", `--${option} ${given}: it must be a multiple of ${of}`);
}
