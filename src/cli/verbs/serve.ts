import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { defaultCacheFolder } from "../../dataset/cache-folder.ts";
import { readDataset } from "../../dataset/folder.ts";
import { generateRequests } from "../../dataset/requests.ts";
import { resolveDataset } from "../../dataset/resolve.ts";
import type { DoorLimits } from "../../door/retriever.ts";
import { HarnessError } from "../../errors.ts";
import { openRecordingDoor, type RecordingDoor } from "../../load/recording-door.ts";
import type { RetrievalRequest } from "../../retrieval/request.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { didYouMean } from "../../nearest-word.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { limitsOf } from "../../run/traces.ts";
import { expandVariants } from "../../scenario/variants.ts";
import type { System } from "../../system.ts";
import { gateNames } from "../gate-names.ts";
import { scenarioPath } from "../scenario-path.ts";
import { servingText } from "../serving-text.ts";
import type { OutputFlags, Session } from "../session.ts";
import { appended, openProgress, withOutputFlags } from "../session.ts";
import { printJson } from "../terminal.ts";

interface ServeFlags extends OutputFlags {
  readonly grpcPort?: number;
  readonly httpPort?: number;
  readonly set?: readonly string[];
  readonly record?: string;
}

/** `silverbench serve SYSTEM SCENARIO`: one system's door, for curl, wrk or your own client. */
export function addServe(program: Command, session: Session): void {
  withOutputFlags(program.command("serve"))
    .description("start one system of a scenario and keep its door open until Ctrl-C")
    .argument("<system>", "name of the system in the scenario")
    .argument("<scenario>", "file, or name as `list` shows it")
    .option("--grpc-port <n>", "port of the gRPC door (default: any free)", port)
    .option("--http-port <n>", "port of the HTTP door (default: any free)", port)
    .option("--record <file>", "write every request to a trace, for a load of shape replay")
    .option("--set <path=value>", "change a field of the scenario; may be given often", appended)
    .action(async (name: string, scenarioName: string, flags: ServeFlags) => {
      const { terminal, signal } = session;
      const { scenario } = await loadScenario(scenarioPath(scenarioName), {
        set: flags.set ?? [],
        checkGate: gateNames,
      });
      demandSystem(scenario, name);
      const { system, example, limits } = await open(session, scenario, name, flags);
      await using serving = system;
      if (serving.tls !== undefined && flags.record === undefined) throw privateTls(name);
      await using recording = await record(serving, limits, flags);
      const { kind, processes } = serving;
      const { address, httpAddress } = recording ?? serving;
      if (flags.json === true) {
        printJson(terminal, { system: name, kind, address, httpAddress, processes });
      } else terminal.out(servingText({ ...serving, address, httpAddress }, example));
      await untilStopped(serving, signal);
      if (recording !== null) {
        terminal.note(`${recording.door.recorded} requests recorded in ${flags.record}`);
      }
    });
}

const privateTls = (name: string): HarnessError =>
  new HarnessError("BAD_INPUT", `the door of ${name} speaks TLS, with a certificate of this run`, {
    hint: `--set systems.${name}.settings.tls=off, or --record, whose door speaks in the clear`,
  });

async function open(
  session: Session,
  scenario: Scenario,
  name: string,
  flags: ServeFlags,
): Promise<{ system: System; example: RetrievalRequest; limits: DoorLimits }> {
  const { signal } = session;
  using progress = openProgress(session, flags);
  const onProgress = (phase: string, fraction: number): void => progress.show({ phase, fraction });
  const cacheFolder = defaultCacheFolder();
  const { dataset: data, seeds } = scenario;
  const dataset = await resolveDataset(data, seeds.data, { cacheFolder, onProgress, signal });
  const model = { ...scenario.model, seed: seeds.model };
  const loaded = await readDataset(dataset.folder, { verify: false, generated: "accept" });
  const example = exampleRequest(scenario, loaded);
  const { choiceOf, startSystem } = await import("../../run/start-system.ts");
  const spec = scenario.systems[name]!;
  const system = await startSystem(choiceOf(spec, expandVariants(spec)[0]!), {
    name,
    dataset,
    model,
    cpus: null,
    cacheFolder,
    // Where its requests are recorded, the door in front of it has the ports.
    ports: flags.record === undefined ? portsOf(flags) : {},
    onProgress,
    signal,
  });
  return { system, example, limits: limitsOf(loaded, model) };
}

/** The door that records, with its addresses; null where nothing is to be recorded. */
async function record(
  { address, tls }: System,
  limits: DoorLimits,
  flags: ServeFlags,
): Promise<Recording | null> {
  if (flags.record === undefined) return null;
  const file = flags.record;
  const door = await openRecordingDoor({
    address,
    file,
    limits,
    ports: portsOf(flags),
    ...(tls === undefined ? {} : { tls }),
  });
  return {
    door,
    address: `127.0.0.1:${door.grpcPort}`,
    httpAddress: `http://127.0.0.1:${door.httpPort}`,
    [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
  };
}

interface Recording extends AsyncDisposable {
  readonly door: RecordingDoor;
  readonly address: string;
  readonly httpAddress: string;
}

function portsOf({ grpcPort: grpc, httpPort: http }: ServeFlags): { grpc?: number; http?: number } {
  return { ...(grpc === undefined ? {} : { grpc }), ...(http === undefined ? {} : { http }) };
}

/** Of the scenario's first requests one with a filter, if any has one; small, so that it can be read. */
function exampleRequest(
  { requests, seeds }: Scenario,
  dataset: Awaited<ReturnType<typeof readDataset>>,
): RetrievalRequest {
  const few = generateRequests({ ...requests, distinct: 50, exclude: 0 }, seeds.requests, dataset);
  const request = few.requests.find(({ filter }) => filter !== "") ?? few.requests[0]!;
  return { ...request, k: Math.min(request.k, 10) };
}

function demandSystem({ systems }: Scenario, name: string): void {
  const known = Object.keys(systems);
  if (known.includes(name)) return;
  const hint = didYouMean(name, known) || `; the scenario has ${known.join(", ")}`;
  throw new HarnessError("BAD_INPUT", `no system is named "${name}"${hint}`);
}

/** Ends well on Ctrl-C; @throws HarnessError INVALID if a process of the system dies first. */
async function untilStopped(system: System, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  // Nothing else may keep this process alive: a remote system has no process of ours.
  const alive = setInterval(() => {}, 60_000);
  try {
    const death = await Promise.race([stopped, system.died]);
    if (death !== null) throw death;
  } finally {
    clearInterval(alive);
  }
}

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new InvalidArgumentError("Expected a port, 0 to 65535.");
}
