#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { shippedFolder } from "../scenario/shipped-folder.ts";
import { runCommandLine } from "./command-line.ts";
import { Interruption } from "./interruption.ts";
import { processTerminal } from "./terminal.ts";

/** Time for handles to close after the answer; what is open then is a leak, and is named. */
const CLOSE_GRACE_MS = 5_000;

// `silverbench list | head -1` closes our stdout early; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
  throw error;
});

const manifest = join(dirname(shippedFolder()), "package.json");
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
const terminal = processTerminal();
using interruption = new Interruption(terminal);

process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal,
  signal: interruption.signal,
  version,
});

setTimeout(() => {
  const open = process.getActiveResourcesInfo().filter((resource) => resource !== "Timeout");
  terminal.note(`silverbench: still open after its work: ${open.join(", ")}; ending anyway`);
  process.exit();
}, CLOSE_GRACE_MS).unref();
