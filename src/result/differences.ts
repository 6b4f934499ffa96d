import type { ResultHeader } from "./result-draft.ts";
import type { Fingerprint, Result } from "./schema.ts";

/** The header of a result as it was stored. */
export type StoredHeader = Pick<Result, keyof ResultHeader>;

/** What each hash of a fingerprint stands for, and where in a result its particulars are. */
const PARTS: Readonly<Record<keyof Fingerprint, readonly (keyof StoredHeader)[]>> = {
  scenario: ["scenario", "seeds", "model"],
  data: ["dataset"],
  code: ["silverbench"],
  machine: ["machine"],
};

/** Each part of the fingerprint that differs, with what is known of the difference; none: a match. */
export function differencesOf(stored: StoredHeader, header: ResultHeader): string[] {
  const { fingerprint } = stored;
  if (fingerprint === null) return ["the bundle has no fingerprint: an older version wrote it"];
  return (Object.keys(PARTS) as (keyof Fingerprint)[]).flatMap((part) => {
    const [before, after] = [fingerprint[part], header.fingerprint[part]];
    if (before === after) return [];
    const found = particulars(part, stored, header);
    const what = found.length === 0 ? "what it is a hash of has changed" : found.join("; ");
    return [`${part}: ${what} (${before} then, ${after} now)`];
  });
}

/** More than these say no more. */
const MOST_SHOWN = 4;

function particulars(
  part: keyof Fingerprint,
  stored: StoredHeader,
  header: ResultHeader,
): string[] {
  const fields = PARTS[part].flatMap((name) => changedFields(stored[name], header[name], name));
  // The text is compared by lines, what is a hash says nothing, and packages are code.
  const telling = fields.filter(({ path }) => !/\.(text|hash|packages\..*|node)$/.test(path));
  if (part === "code") telling.push(...changedPackages(stored, header));
  if (telling.length === 0 && part === "scenario") return changedLines(stored, header);
  return telling
    .slice(0, MOST_SHOWN)
    .map(({ path, before, after }) => `${path} was ${before}, is ${after}`);
}

interface ChangedField {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

function changedPackages(
  { machine: stored }: StoredHeader,
  { machine }: ResultHeader,
): ChangedField[] {
  return [
    ...changedFields(stored.node, machine.node, "node"),
    ...changedFields(stored.packages, machine.packages, "packages"),
  ];
}

function changedFields(stored: unknown, now: unknown, path: string): ChangedField[] {
  if (isRecord(stored) && isRecord(now)) {
    const names = new Set([...Object.keys(stored), ...Object.keys(now)]);
    return [...names].flatMap((name) => changedFields(stored[name], now[name], `${path}.${name}`));
  }
  const [before, after] = [JSON.stringify(stored), JSON.stringify(now)];
  if (before === after) return [];
  return [{ path, before: before ?? "absent", after: after ?? "absent" }];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** The first line of the scenario that is gone, and the first that is new. */
function changedLines(stored: StoredHeader, header: ResultHeader): string[] {
  const before = stored.scenario.text.split("\n");
  const after = header.scenario.text.split("\n");
  const lost = before.find((line) => !after.includes(line));
  const gained = after.find((line) => !before.includes(line));
  return [
    ...(lost === undefined ? [] : [`"${lost.trim()}" is gone`]),
    ...(gained === undefined ? [] : [`"${gained.trim()}" is new`]),
  ];
}
