import type { SelftestOutcome } from "../load/selftest.ts";
import type { Speeds } from "../load/speed.ts";

/** What `selftest` shows: each case, and of each percentile what is true and what was read. */
export function selftestText(outcomes: readonly SelftestOutcome[]): string {
  const failed = outcomes.filter(({ passed }) => !passed).length;
  const verdict =
    failed === 0
      ? "The ruler reads what is true."
      : `The ruler fails ${failed} of ${outcomes.length} cases: trust no latency from this machine now.`;
  return [...outcomes.map(caseText), verdict].join("\n\n");
}

function caseText({ name, passed, tries, expected, counted, checks }: SelftestOutcome): string {
  const again = tries > 1 ? `, at try ${tries}` : "";
  const lost = counted === expected ? "" : `; ${counted} of ${expected} requests have a latency`;
  return [
    `${passed ? "pass" : "FAIL"}  ${name}${again}${lost}`,
    `      percentile  true, ms  read, ms`,
    ...checks.map(({ share, truthMs, measuredMs, holds }) => {
      const cells = [rankOf(share).padStart(10), truthMs.toFixed(1).padStart(8)];
      return `      ${cells.join("  ")}  ${measuredMs.toFixed(1).padStart(8)}${holds ? "" : "  <- wrong"}`;
    }),
  ].join("\n");
}

const rankOf = (share: number): string => `p${Number((share * 100).toFixed(1))}`;

/** What `selftest --speeds` shows. */
export function speedsText({
  dispatcher,
  clients,
  leanOverGrpcJs,
  histogramBytes,
  machineDrift,
}: Speeds): string {
  const dispatched = dispatcher.map((pass) => `  ${dispatcherText(pass)}`);
  const passes = clients.map(
    ({ client, perSecond, cpuShare, perCpuSecond: each }) =>
      `  ${client.padEnd(8)} ${whole(perSecond)}/s at ${Math.round(cpuShare * 100)}% of a core: ${whole(each)} a CPU second`,
  );
  const ratios = leanOverGrpcJs.map((ratio) => ratio.toFixed(2)).join(", ");
  return [
    "Dispatcher, one thread, against a target that answers at once:",
    ...dispatched,
    "gRPC clients, closed loop of 32, against the null system:",
    ...passes,
    `  lean over grpc-js, a CPU second: ${ratios}`,
    `Memory of a latency series: ${whole(histogramBytes / 1024)} KiB`,
    `The machine meanwhile: the same work took up to ${machineDrift.toFixed(2)} times as long.`,
  ].join("\n");
}

function dispatcherText(pass: Speeds["dispatcher"][number]): string {
  const { offeredPerSecond, sentPerSecond, lagP99Ms, cpuShare, gcShare, waitShare } = pass;
  const held = waitShare === null ? "" : `, others had it ${percent(waitShare)} of the time`;
  return (
    `${whole(offeredPerSecond)}/s due, ${whole(sentPerSecond)}/s sent, p99 ${lagP99Ms.toFixed(2)} ms late; ` +
    `${percent(cpuShare)} of a core (garbage ${percent(gcShare)})${held}`
  );
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;
const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
