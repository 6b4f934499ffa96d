import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Command } from "commander";
import { HarnessError } from "../../errors.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { gateNames } from "../gate-names.ts";
import { shortPath } from "../scenario-path.ts";
import type { OutputFlags, Session } from "../session.ts";
import { withJson } from "../session.ts";
import { starterScenario } from "../starter-scenario.ts";
import { printJson } from "../terminal.ts";

interface InitFlags extends OutputFlags {
  readonly force?: boolean;
}

/** `silverbench init [FILE]`: a commented scenario to start from. */
export function addInit(program: Command, session: Session): void {
  withJson(program.command("init"))
    .description("write a commented scenario to start from")
    .argument("[file]", "where to write it", "scenarios/mine.yaml")
    .option("--force", "overwrite a file that is there")
    .action(async (file: string, flags: InitFlags) => {
      const { terminal } = session;
      await write(file, flags.force === true);
      if (flags.json === true) return printJson(terminal, { path: file });
      terminal.out(`Wrote ${file}. Change it, look at the plan, run it:`);
      terminal.out(`  silverbench run ${shortPath(file)} --dry-run`);
      terminal.out(`  silverbench run ${shortPath(file)}`);
    });
}

async function write(file: string, overwrite: boolean): Promise<void> {
  const name = basename(file).replace(/\.ya?ml$/, "");
  if (!/\.ya?ml$/.test(file) || !/^[a-z0-9][a-z0-9_-]*$/i.test(name)) {
    throw new HarnessError("BAD_INPUT", `expected a file name like mine.yaml, came ${file}`, {
      hint: "the name becomes the scenario's: letters, digits, - and _",
    });
  }
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, starterScenario(name), { flag: overwrite ? "w" : "wx" });
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    const isThere = code === "EEXIST" && syscall === "open";
    throw new HarnessError(
      "BAD_INPUT",
      `${file} ${isThere ? "is there already" : "cannot be written"}`,
      {
        hint: isThere
          ? "another name, or --force to overwrite it"
          : "name a folder you may write to",
        ...(isThere ? {} : { cause }),
      },
    );
  }
  // A starter that does not run would be worse than none.
  await loadScenario(file, { checkGate: gateNames });
}
