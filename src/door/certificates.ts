import { generate } from "selfsigned";
import type { Identity, Tls } from "../process/tls.ts";

/** `tls`: servers show a certificate; `mtls`: so do their callers. */
export type TlsMode = "off" | "tls" | "mtls";

/** Long enough for any run, and no longer than that: nobody is to keep them. */
const VALID_HOURS = 7 * 24;

/**
 * Makes an authority that nobody else knows, and by it a certificate for the servers of one run
 * and one for their callers: ECDSA P-256, valid for this machine (127.0.0.1, ::1, localhost).
 * @returns null where the mode is off.
 */
export async function createTls(mode: TlsMode): Promise<Tls | null> {
  if (mode === "off") return null;
  const authority = await issue("silverbench run", {
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { key: authority.key, cert: authority.cert };
  const server = await issue("silverbench server", {
    ca,
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  if (mode === "tls") {
    return { server: { own: server, clientCa: null }, client: { ca: ca.cert, own: null } };
  }
  const caller = await issue("silverbench caller", {
    ca,
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", clientAuth: true },
    ],
  });
  return {
    server: { own: server, clientCa: ca.cert },
    client: { ca: ca.cert, own: caller },
  };
}

type IssueOptions = Pick<NonNullable<Parameters<typeof generate>[1]>, "ca" | "extensions">;

async function issue(name: string, options: IssueOptions): Promise<Identity> {
  const now = Date.now();
  const made = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    // A clock that is a little behind must not find it in the future.
    notBeforeDate: new Date(now - 3_600_000),
    notAfterDate: new Date(now + VALID_HOURS * 3_600_000),
    ...options,
  });
  return { cert: made.cert, key: made.private };
}
