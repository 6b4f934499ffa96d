// Compiles src, baseline and silvertorch into dist/ and puts the files that are not TypeScript
// (protobuf definitions, WGSL kernels) beside them. dist/ is replaced only once the compiler is
// content, so a failed build never leaves half a program.
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = import.meta.dirname;
const fresh = join(root, `dist.${process.pid}`);
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");

try {
  execFileSync(process.execPath, [tsc, "--outDir", fresh], { cwd: root, stdio: "inherit" });
  for (const folder of ["src", "baseline", "silvertorch"]) {
    for (const name of readdirSync(join(root, folder), { recursive: true })) {
      if (/\.(proto|wgsl|css)$/.test(name)) {
        cpSync(join(root, folder, name), join(fresh, folder, name));
      }
    }
  }
  rmSync(join(root, "dist"), { recursive: true, force: true });
  renameSync(fresh, join(root, "dist"));
} catch (error) {
  rmSync(fresh, { recursive: true, force: true });
  process.exitCode = typeof error?.status === "number" ? error.status : 1;
  // A failed compiler has said itself what is wrong; anything else has not.
  if (error?.status === undefined) throw error;
}
