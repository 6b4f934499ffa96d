/** What stands where a number was not measured. */
export const MISSING = "–";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** 1,234,567 */
export const formatCount = (value: number | null): string =>
  value === null ? MISSING : grouped.format(value);

/** Three significant digits, or all digits of the whole part: 0.0123, 3.21, 22.4, 1,234. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return MISSING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) return grouped.format(value);
  // toFixed of what toPrecision rounds, so that 9.999 is 10.0 and nothing reads 1e-7 before 1e-6.
  const rounded = Number(value.toPrecision(3));
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  if (size < 1e-6) return value.toExponential(1);
  // Below a tenth, zeros at the end would claim a precision that nobody measured.
  return size < 0.1 ? String(Number(rounded.toFixed(digits))) : rounded.toFixed(digits);
}

/** 22.4 ms */
export const formatMs = (value: number | null): string => withUnit(formatNumber(value), "ms");

/** 3.21× */
export const formatTimes = (value: number | null): string =>
  value === null ? MISSING : `${formatNumber(value)}×`;

/** Recall and the like, 0..1, with enough digits that 0.9996 does not read 1. */
export function formatShare(value: number | null): string {
  if (value === null) return MISSING;
  if (value === 0 || value === 1) return value.toFixed(0);
  const digits = value > 0.999 ? 4 : 3;
  // Rounded down; the sliver makes up for 0.981 * 1000 being 980.9999999999999.
  return (Math.floor(value * 10 ** digits + 1e-9) / 10 ** digits).toFixed(digits);
}

/** 11.8%, 0.042%, 100% */
export function formatPercent(value: number | null): string {
  if (value === null) return MISSING;
  const percent = value * 100;
  return percent >= 99.95 ? `${Math.round(percent)}%` : `${formatNumber(percent)}%`;
}

/** $0.0278, $1,234 */
export function formatDollars(value: number | null): string {
  if (value === null) return MISSING;
  return value >= 0.995 && value < 100 ? `$${value.toFixed(2)}` : `$${formatNumber(value)}`;
}

/** 391 MiB, 23.5 GiB */
export function formatBytes(value: number | null): string {
  if (value === null) return MISSING;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${formatNumber(size)} ${units[unit]!}`;
}

/** 4 s, 1 min 37 s, 2 h 5 min */
export function formatSeconds(value: number): string {
  if (value < 60) return `${formatNumber(value)} s`;
  const whole = Math.round(value);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** 22 November 2026, in UTC; a text that is no time stands as it is. */
export function longDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(date);
}

function withUnit(text: string, unit: string): string {
  return text === MISSING ? text : `${text} ${unit}`;
}
