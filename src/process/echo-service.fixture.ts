import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../errors.ts";
import { runService } from "./service-main.ts";

export interface EchoConfig {
  readonly does: "serve" | "fail" | "exit" | "hang" | "linger";
  /** Where it must be able to listen. */
  readonly port?: number;
}

// A service for the tests of ServiceProcess: it starts, fails or stays silent as it is told.
runService<EchoConfig, { readonly heard: string; readonly cpus: string }>(
  async ({ does, port }, onProgress) => {
    onProgress("loading", 0.5);
    if (does === "fail") {
      throw new HarnessError("DATA", "the index is damaged", { hint: "build it again" });
    }
    if (does === "exit") {
      process.stderr.write("out of luck\n");
      process.exit(3);
    }
    if (port !== undefined) await listenAt(port);
    if (does === "hang") await sleep(3_600_000);
    const { readFile } = await import("node:fs/promises");
    const status = await readFile("/proc/self/status", "utf8").catch(() => "");
    const cpus = /^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? "";
    return {
      ready: { heard: does, cpus },
      stop: () => sleep(does === "linger" ? 3_600_000 : 0),
    };
  },
);

async function listenAt(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new HarnessError("BAD_INPUT", `cannot serve on ${port}: it is in use`, { cause });
  }
  server.close();
}
