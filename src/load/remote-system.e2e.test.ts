import { Server, ServerCredentials } from "@grpc/grpc-js";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { watchCommand } from "../cli/proof/watched-command.ts";
import { serveHealth } from "../door/health-service.ts";
import { RETRIEVAL_PROTO, RETRIEVAL_SERVICE } from "../door/retrieval-service.ts";
import { loadService } from "../door/service-definition.ts";
import { readBundle } from "../result/bundle.ts";
import type { Result } from "../result/schema.ts";
import { startScripted } from "./probe-system.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "remote-"))));
afterAll(() => rm(folder, { recursive: true }));

const signal = new AbortController().signal;

/** A run of two rounds against a door that stands at an address. */
async function measured(name: string, address: string): Promise<Result> {
  const scenario = join(folder, `${name}.yaml`);
  const out = join(folder, name);
  await writeFile(
    scenario,
    `schema: silverbench.scenario/1
name: theirs
dataset: { kind: synthetic, items: 200, dim: 4, users: 20 }
requests: { distinct: 20, k: 5, filters: [{ template: "" }] }
systems: { theirs: { kind: remote, settings: { address: "${address}" } } }
loads: { closed: { shape: closed, inFlight: 2, seconds: 0.1 } }
rounds: 2
warmUpSeconds: 2
`,
  );
  const words = ["run", scenario, "--out", out, "--quiet"];
  const { stderr } = await watchCommand(words, { SILVERBENCH_CACHE: join(folder, "cache") }).ended;
  expect(stderr).not.toContain("fault of silverbench");
  expect(await readFile(join(out, "report.html"), "utf8")).toContain("</html>");
  return (await readBundle(out)).result;
}

const remoteDoubt = ({ doubts }: Result): string =>
  doubts.find(({ code }) => code === "remote")?.text ?? "";

test("a door that was started elsewhere is measured and left as it was; what is not seen is said", async () => {
  await using elsewhere = await startScripted(
    "delay",
    { kind: "constant", delayMs: 5 },
    {
      name: "elsewhere",
      cpus: null,
      limits: { items: 200, userDim: 4, queryDim: 4, maxInFlight: 100 },
      onProgress: () => {},
      signal,
    },
  );
  const result = await measured("told", elsewhere.address);
  expect(result.complete).toBe(true);
  expect(result.systems["theirs"]).toMatchObject({
    kind: "remote",
    processes: ["delay"],
    cpus: null,
    build: { seconds: 0, bytes: 0 },
  });
  for (const point of result.points) {
    expect(point.latencyMs.mean).toBeGreaterThanOrEqual(5);
    expect(point.cpuSeconds).toBeGreaterThan(0);
    expect(point.gpu).toBeNull();
    // Whether it was busy is not seen, so never that it was the limit.
    expect(point.bound).not.toBe("server");
  }
  expect(remoteDoubt(result)).toContain("CPU and memory are those that its door tells");
  expect(result.doubts.map(({ code }) => code)).not.toContain("shared-cores");
  expect(result.cost.filter(({ basis }) => basis === "machines")).toEqual([]);
  expect(process.kill(elsewhere.processes[0]!.pid, 0)).toBe(true);
});

test("a door that only answers is measured too: of what it uses nothing is made up", async () => {
  const server = new Server();
  server.addService(loadService(RETRIEVAL_PROTO, RETRIEVAL_SERVICE), {
    Retrieve: (_call: unknown, respond: (error: null, answer: object) => void) =>
      respond(null, { ids: [], values: [], partial: false }),
  });
  serveHealth(server, RETRIEVAL_SERVICE).set("SERVING");
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const result = await measured("silent", `127.0.0.1:${port}`);
  server.forceShutdown();
  expect(result.complete).toBe(true);
  expect(result.systems["theirs"]).toMatchObject({ processes: [] });
  for (const point of result.points) {
    expect(point.completed).toBeGreaterThan(0);
    expect(point).toMatchObject({ cpuSeconds: null, rssBytes: null, processes: [], stages: {} });
  }
  expect(remoteDoubt(result)).toContain("neither processes, CPU nor memory are known");
  expect(result.cost).toEqual([]);
});
