import { once } from "node:events";
import type { Server } from "node:net";
import { HarnessError } from "../errors.ts";

/** @throws HarnessError BAD_INPUT naming the port if it cannot be listened on. */
export async function listen(
  server: Server,
  {
    host,
    port,
    protocol,
  }: { readonly host: string; readonly port: number; readonly protocol: string },
): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    const inUse = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
    const why = inUse ? "it is in use" : String(cause);
    throw new HarnessError("BAD_INPUT", `cannot serve ${protocol} on ${host}:${port}: ${why}`, {
      hint: "choose another port, or 0 for any free one",
      cause,
    });
  }
}
