import type { IncomingMessage, ServerResponse } from "node:http";
import { type ErrorCode, HarnessError } from "../errors.ts";

const STATUS_OF: Record<ErrorCode, number> = {
  BAD_INPUT: 400,
  OVERLOADED: 429,
  DEADLINE: 504,
  UNAVAILABLE: 503,
  INTERRUPTED: 503,
  DATA: 500,
  INVALID: 500,
  INTERNAL: 500,
};

/**
 * The body as text.
 * @returns null if it is longer than `maxBytes`; the rest is then unread.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop must not destroy the request: its socket still carries the answer.
  const stream: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Sends an answer, unless one is under way or the caller is gone. */
export function send(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

/** Sends `{error: {code, field, message}}`; the status follows from the code unless stated. */
export function sendError(
  response: ServerResponse,
  thrown: unknown,
  status: number | null = null,
): void {
  const { code, where: field = null, message } = HarnessError.from(thrown);
  const body = JSON.stringify({ error: { code, field, message } });
  send(response, status ?? STATUS_OF[code], "application/json", body);
}
