import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Device } from "../../onnx/device.ts";
import { absent, type Check, missing, ok } from "./check.ts";

/** Loading a provider, and its libraries, may take as long. */
const TRY_MS = 30_000;

const DEVICES: readonly Device[] = ["cpu", "cuda", "webgpu"];

/**
 * What the index-as-model can really compute on: each device has to run a graph, for that a library
 * is there says little. @param root folder of the package.
 */
export async function deviceChecks(root: string): Promise<Check[]> {
  const module = pathToFileURL(join(root, "dist/src/onnx/device.js")).href;
  const checks: Check[] = [];
  for (const device of DEVICES) {
    const script = `const { requireDevice } = await import(${JSON.stringify(module)});
      await requireDevice(${JSON.stringify(device)}).catch(({ hint, cause }) => {
        throw new Error((cause?.message ?? "").split("\\n")[0] + "\\n" + hint);
      });`;
    checks.push(deviceCheck(device, await triedApart(script)));
  }
  return checks;
}

/** @param failure reason and, after a line end, what to do about it; null: it works. */
export function deviceCheck(device: Device, failure: string | null): Check {
  const name = `device ${device}`;
  if (failure === null) return ok(name, "runs a graph");
  const [reason = "", hint = ""] = failure.split("\n");
  const found = `does not load: ${reason || "its process ended"}`;
  if (device === "cpu") return missing(name, found, hint || "npm ci");
  return absent(name, found, `only \`device: ${device}\` needs it. ${hint}`.trim());
}

/**
 * Runs a script in a process of its own, so that native code that crashes takes nothing with it.
 * @returns the message of what it threw; null where it ended well.
 */
export function triedApart(script: string): Promise<string | null> {
  // Exit at once: a native library may keep its process alive.
  const wrapped = `try { ${script} } catch (error) { console.log(error.message); process.exit(1); } process.exit(0);`;
  return new Promise((resolve) => {
    const words = ["--input-type=module", "-e", wrapped];
    execFile(process.execPath, words, { timeout: TRY_MS }, (error, stdout) => {
      resolve(error === null ? null : stdout.trim());
    });
  });
}
