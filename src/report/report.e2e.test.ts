import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Histogram } from "../math/histogram.ts";
import { Bundle } from "../result/bundle.ts";
import { MESH, MODEL, sampleResult } from "../result/sample-result.fixture.ts";
import type { SampleOptions } from "../result/sample-result.fixture.ts";
import type { Result } from "../result/schema.ts";
import { renderComparison } from "./compare/render-comparison.ts";
import { decidedSample } from "./decided-result.fixture.ts";
import { richSample } from "./rich-result.fixture.ts";
import { writeReport } from "./write-report.ts";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const found = BROWSERS.find((path) => existsSync(path));
const FLAGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

const missing = found === undefined ? `no Chromium in ${BROWSERS.join(", ")}` : "";
if (missing !== "") process.stderr.write(`skipped: report.e2e.test.ts, ${missing}\n`);

it.runIf(process.env["CI"] === "true")("CI has a browser to open the report in", () => {
  expect(missing).toBe("");
});

describe.skipIf(found === undefined)("report.html in a browser", () => {
  let browser: Browser;
  let folder: string;
  let whole: string;
  /** The whole report at 1280 px in the light theme, for tests that only look. */
  let shown: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: found!, args: FLAGS.split(" ") });
    folder = await mkdtemp(join(tmpdir(), "report-"));
    whole = await bundle("whole");
    shown = await open(whole, 1280, "light");
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Writes a bundle and its report as a run does. */
  async function bundle(
    name: string,
    options: SampleOptions = {},
    change: (result: Result) => Result = (result) => result,
  ): Promise<string> {
    const { result, samples } = await decidedSample({ samplesPerPoint: 500, ...options });
    return stored(name, change(result), samples);
  }

  async function stored(
    name: string,
    result: Result,
    samples: ReadonlyMap<string, Histogram>,
  ): Promise<string> {
    await using written = await Bundle.create(join(folder, name));
    for (const point of result.points) {
      await written.addPoint(point, samples.get(point.key) ?? null);
    }
    await written.writeResult(result);
    return writeReport(written.folder);
  }

  async function open(report: string, width: number, colorScheme: "light" | "dark"): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    await context.setOffline(true);
    const page = await context.newPage();
    complaints.length = 0;
    page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    page.on("request", (request) => {
      if (!/^(file|data|blob):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(pathToFileURL(report).href);
    await page.waitForSelector("html[data-ready=yes]");
    return page;
  }

  /** As before printing: the charts below the fold too. */
  async function drawAll(page: Page): Promise<void> {
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    await page.waitForFunction("!document.querySelector('.canvas:not([data-drawn])')");
  }

  it.each([
    [1280, "light", "dark"],
    [390, "dark", "light"],
  ] as const)(
    "draws every chart at %i px, silently, offline and in colours that are readable in the %s and the %s theme",
    async (width, theme, other) => {
      const page = await open(whole, width, theme);
      await drawAll(page);
      const charts = await page.$$eval(".canvas", (canvases) =>
        canvases.map((canvas) => ({
          id: canvas.id,
          label: canvas.getAttribute("aria-label"),
          marks: canvas.querySelectorAll(
            "svg .role-mark path, svg .role-mark text, svg .role-mark line",
          ).length,
        })),
      );
      expect(charts).toHaveLength(22);
      for (const { id, label, marks } of charts) {
        expect([id, marks > 0, label !== ""]).toEqual([id, true, true]);
      }
      // Charts name their colours, so that a theme is for what is drawn, too.
      for (const colorScheme of [theme, other]) {
        await page.emulateMedia({ colorScheme });
        const ratios = (await page.evaluate(CONTRASTS)) as Record<string, number>;
        for (const [name, ratio] of Object.entries(ratios)) {
          expect([colorScheme, name, ratio >= 4.5]).toEqual([colorScheme, name, true]);
        }
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  it("shows a result of two hundred points with everything in it", async () => {
    const { result, samples } = await richSample({ rounds: 6, samplesPerPoint: 100 });
    expect(result.points.length).toBeGreaterThan(200);
    const report = await stored("rich", result, samples);
    for (const [width, theme] of [
      [1280, "light"],
      [390, "dark"],
    ] as const) {
      const page = await open(report, width, theme);
      await drawAll(page);
      const empty = await page.$$eval(".canvas", (canvases) =>
        canvases.filter((canvas) => canvas.querySelector("svg .role-mark") === null),
      );
      expect(empty).toEqual([]);
      expect(await page.locator("#points tbody tr").count()).toBe(result.points.length);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  it("draws a chart when it comes near the screen, and all of them for the printer", async () => {
    const page = await open(whole, 390, "light");
    const waiting = (): Promise<number> => page.locator(".canvas:not([data-drawn])").count();
    const before = await waiting();
    expect(before).toBeGreaterThan(10);
    await page.locator("#chart-throughput").scrollIntoViewIfNeeded();
    await page.waitForSelector("#chart-throughput[data-drawn] svg");
    expect(await waiting()).toBeLessThan(before);
    expect((await page.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
    expect(await waiting()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("tells what is under the pointer", async () => {
    await shown.locator("#chart-throughput").scrollIntoViewIfNeeded();
    await shown.waitForSelector("#chart-throughput[data-drawn]");
    const mark = shown.locator("#chart-throughput .mark-symbol path").first();
    await mark.hover({ force: true });
    expect(await shown.locator(".tip").innerText()).toMatch(/system\s+mesh\s+round\s+1/);
    await shown.mouse.move(2, 2);
    expect(await shown.locator(".tip").isVisible()).toBe(false);
  });

  it("switches the theme by hand and prints on white", async () => {
    const page = await open(whole, 1280, "light");
    const paper = (): Promise<unknown> =>
      page.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await paper();
    await page.getByRole("button", { name: "Switch to the dark theme" }).click();
    expect(await paper()).not.toBe(light);
    await page.emulateMedia({ media: "print" });
    expect(await paper()).toBe("rgb(255, 255, 255)");
    await page.context().close();
  });

  it("has one first heading, no level left out, and a table behind each figure", async () => {
    const levels = await shown.$$eval("h1, h2, h3", (all) =>
      all.map(({ tagName }) => Number(tagName[1])),
    );
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    expect(levels.every((level, i) => level <= (levels[i - 1] ?? 0) + 1)).toBe(true);
    const rows = await shown.$$eval("figure", (all) =>
      all.map((each) => each.querySelectorAll("tbody tr").length),
    );
    expect(rows.length).toBeGreaterThan(5);
    expect(Math.min(...rows)).toBeGreaterThan(0);
  });

  it("saves charts with their colours, numbers and the result", async () => {
    const figure = shown.locator("#throughput figure");
    await figure.locator("summary").click();
    const saved = async (name: string, within = figure): Promise<string> => {
      const [download] = await Promise.all([
        shown.waitForEvent("download"),
        within.getByRole("button", { name }).click(),
      ]);
      return readFile(await download.path(), "utf8");
    };
    const svg = await saved("Save the chart (SVG)");
    expect(svg).toMatch(/^<svg[^>]*xmlns=/);
    expect(svg).not.toContain("var(");
    expect(await saved("Save the numbers (CSV)")).toMatch(/^round,.*mesh.*\r\n1,[\d",]+/);
    const result = JSON.parse(await saved("save it as JSON", shown.locator("#repeat"))) as Result;
    expect(result.schema).toBe("silverbench.result/1");
  });

  it("says on top that a run did not complete", async () => {
    const page = await open(await bundle("cut", { complete: false, rounds: 2 }), 390, "light");
    const banner = page.getByRole("note");
    expect(await banner.textContent()).toMatch(/did not complete.*process index of mesh died/s);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("shows a hostile text as text", async () => {
    const evil = `<img src=x onerror="alert(1)"></script><script>alert(2)</script>`;
    const report = await bundle("evil", { rounds: 1 }, (result) => ({
      ...result,
      complete: false,
      incompleteReason: evil,
      scenario: { ...result.scenario, question: evil, text: evil },
      dataset: {
        ...result.dataset,
        filters: [{ name: evil, template: evil, weight: 1, passRate: 0.1, lift: 1, requests: 1 }],
      },
      gates: [
        {
          expression: evil,
          verdict: "invalid",
          value: null,
          low: null,
          high: null,
          limit: 0,
          reference: null,
          n: 0,
          reason: evil,
        },
      ],
    }));
    const page = await open(report, 1280, "dark");
    expect((await page.locator("h1").innerText()).trim()).toBe(evil);
    expect(await page.locator("img").count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("lays two runs over each other on a page of their own", async () => {
    const model = { ...MODEL, throughput: MODEL.throughput * 1.5 };
    const [before, after] = [MODEL, model].map((each, seed) => {
      const behaviours = { mesh: MESH, model: each };
      return sampleResult({ seed: seed + 1, samplesPerPoint: 500, behaviours }).result;
    });
    const file = join(folder, "compare.html");
    await writeFile(file, renderComparison(before!, after!));
    for (const [width, theme] of [
      [1280, "light"],
      [390, "dark"],
    ] as const) {
      const page = await open(file, width, theme);
      await drawAll(page);
      expect(await page.locator("svg .role-mark").count()).toBeGreaterThan(20);
      expect(await page.locator(".ratio").innerText()).toMatch(/of model over mesh.*better/s);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  it("has a JUnit file beside it that an XML parser takes", async () => {
    const xml = await readFile(join(whole, "..", "junit.xml"), "utf8");
    const seen = await shown.evaluate(`(() => {
      const parsed = new DOMParser().parseFromString(${JSON.stringify(xml)}, "application/xml");
      const count = (selector) => parsed.querySelectorAll(selector).length;
      return [count("parsererror"), count("testsuite"), count("testcase"), count("failure"), count("error")];
    })()`);
    expect(seen).toEqual([0, 3, 1 + 6 + 15, 2, 0]);
  });
});

/** Contrast of every colour that text or a mark has with the page (WCAG 2.2, 1.4.3). */
const CONTRASTS = `(() => {
  const probe = document.body.appendChild(document.createElement("i"));
  const luminance = (name) => {
    probe.style.color = "var(--" + name + ")";
    const channels = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const [r, g, b] = channels.map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const names = ["ink", "muted", "good", "bad", "unsure", "mesh", "in-process", "first", "second", "third"];
  const paper = luminance("paper");
  return Object.fromEntries(names.map((name) => {
    const [low, high] = [paper, luminance(name)].sort((a, b) => a - b);
    return [name, (high + 0.05) / (low + 0.05)];
  }));
})()`;
