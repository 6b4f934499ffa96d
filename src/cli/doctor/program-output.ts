import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What a program says on stdout, trimmed; null if it is not there, fails or takes too long. */
export async function programOutput(
  program: string,
  args: readonly string[],
  { timeoutMs = 15_000, cwd }: { readonly timeoutMs?: number; readonly cwd?: string } = {},
): Promise<string | null> {
  try {
    const options = { timeout: timeoutMs, ...(cwd === undefined ? {} : { cwd }) };
    const { stdout } = await promisify(execFile)(program, args, options);
    return stdout.trim();
  } catch {
    return null;
  }
}
