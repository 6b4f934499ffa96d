import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { HarnessError } from "../../errors.ts";
import { loadScenario } from "../../scenario/load-scenario.ts";
import { CI_RECIPES } from "../ci-recipe.ts";
import type { CiKind } from "../ci-recipe.ts";
import { gateNames } from "../gate-names.ts";
import { shortPath } from "../scenario-path.ts";
import type { OutputFlags, Session } from "../session.ts";
import { withJson } from "../session.ts";
import { starterScenario } from "../starter-scenario.ts";
import { printJson } from "../terminal.ts";

interface InitFlags extends OutputFlags {
  readonly force?: boolean;
  readonly ci?: CiKind;
}

const STARTER = "scenarios/mine.yaml";

/** `silverbench init [FILE]`: a commented scenario to start from, or a recipe for CI. */
export function addInit(program: Command, session: Session): void {
  withJson(program.command("init"))
    .description("write a commented scenario to start from, or a recipe for CI")
    .argument("[file]", `where to write it (default: ${STARTER}, or the recipe's own place)`)
    .option("--force", "overwrite a file that is there")
    .addOption(
      new Option(
        "--ci <where>",
        "write a recipe that measures and gates in CI, or compares two commits",
      ).choices(Object.keys(CI_RECIPES)),
    )
    .action(async (given: string | undefined, flags: InitFlags) => {
      const { terminal } = session;
      if (flags.ci !== undefined) return initCi(session, flags.ci, given, flags);
      const file = given ?? STARTER;
      await writeStarter(file, flags.force === true);
      if (flags.json === true) return printJson(terminal, { path: file });
      terminal.out(`Wrote ${file}. Change it, look at the plan, run it:`);
      terminal.out(`  silverbench run ${shortPath(file)} --dry-run`);
      terminal.out(`  silverbench run ${shortPath(file)}`);
    });
}

/** The workflow runs the shell recipe, so it brings that along. */
async function initCi(
  { terminal }: Session,
  kind: CiKind,
  given: string | undefined,
  flags: InitFlags,
): Promise<void> {
  const kinds: readonly CiKind[] = kind === "github" ? ["github", "shell"] : [kind];
  const files: string[] = [];
  for (const each of kinds) {
    const { file: usual, text } = CI_RECIPES[each];
    const file = each === kind ? (given ?? usual) : usual;
    await write(file, text(), flags.force === true);
    files.push(file);
  }
  if (flags.json === true) return printJson(terminal, { paths: files });
  terminal.out(
    kind === "commits"
      ? `Wrote ${files[0]!}. Compare two commits: sh ${files[0]!} main HEAD`
      : `Wrote ${files.join(" and ")}. Commit, with a scenario that states its gates.`,
  );
}

async function writeStarter(file: string, overwrite: boolean): Promise<void> {
  const name = basename(file).replace(/\.ya?ml$/, "");
  if (!/\.ya?ml$/.test(file) || !/^[a-z0-9][a-z0-9_-]*$/i.test(name)) {
    throw new HarnessError("BAD_INPUT", `expected a file name like mine.yaml, came ${file}`, {
      hint: "the name becomes the scenario's: letters, digits, - and _",
    });
  }
  await write(file, starterScenario(name), overwrite);
  // A starter that does not run would be worse than none.
  await loadScenario(file, { checkGate: gateNames });
}

async function write(file: string, text: string, overwrite: boolean): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: overwrite ? "w" : "wx" });
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
}
