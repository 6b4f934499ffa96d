import { expect, test } from "vitest";
import { spokenDuration } from "./duration.ts";
import { ProgressLine } from "./progress-line.ts";
import type { Terminal } from "./terminal.ts";

interface Recorded {
  readonly terminal: Terminal;
  readonly lines: string[];
  readonly raws: string[];
}

function recorded(isLive: boolean): Recorded {
  const lines: string[] = [];
  const raws: string[] = [];
  const terminal: Terminal = {
    out: () => {},
    note: (text) => void lines.push(text),
    raw: (text) => void raws.push(text),
    isLive,
    columns: 60,
  };
  return { terminal, lines, raws };
}

test("in a log a phase speaks at its start, then at most once a second, and only of news", () => {
  const { terminal, lines, raws } = recorded(false);
  let now = 0;
  const line = new ProgressLine(terminal, () => now);
  for (; now <= 10_000; now += 10) line.show({ phase: "build", fraction: now / 40_000 });
  line.show({ phase: "load", fraction: NaN, detail: "3 files" });
  line[Symbol.dispose]();
  expect(lines).toEqual([
    "build  0%",
    "build  10%  about 36 s left",
    "build  20%  about 32 s left",
    "load  3 files",
  ]);
  expect(raws).toEqual([]);
});

test("a phase that begins in the middle of the whole is judged by its own pace", () => {
  const { terminal, lines } = recorded(false);
  let now = 0;
  const line = new ProgressLine(terminal, () => now);
  line.show({ phase: "round 2 of 2", fraction: 0.5 });
  now = 10_000;
  line.show({ phase: "round 2 of 2", fraction: 0.75 });
  expect(lines).toEqual(["round 2 of 2  50%", "round 2 of 2  75%  about 10 s left"]);
});

test("a phase that stands still is heard of every 15 seconds", () => {
  const { terminal, lines } = recorded(false);
  let now = 0;
  const line = new ProgressLine(terminal, () => now);
  for (; now <= 31_000; now += 500) line.show({ phase: "wait", fraction: NaN });
  expect(lines).toHaveLength(3);
});

test("on a terminal one line is redrawn, never wider than the terminal, and phases leave their time", () => {
  const { terminal, lines, raws } = recorded(true);
  let now = 0;
  const line = new ProgressLine(terminal, () => now);
  line.show({ phase: "build", fraction: 0 });
  now = 3000;
  line.show({ phase: "build", fraction: 0.5, detail: "x".repeat(100) });
  now = 6000;
  line[Symbol.dispose]();
  expect(raws[1]).toContain("██████████░░░░░░░░░░  50%  about 3.0 s left");
  expect(raws.every((raw) => raw.replace("\r\x1b[K", "").length < 60)).toBe(true);
  expect(lines).toEqual(["  build: 6.0 s"]);
});

test.for([
  [0.04, "0.0 s"],
  [9.94, "9.9 s"],
  [9.96, "10 s"],
  [59.6, "1 min"],
  [185, "3 min 5 s"],
  [7800, "2 h 10 min"],
] as const)("%f seconds are %s", ([seconds, said]) => {
  expect(spokenDuration(seconds)).toBe(said);
});
