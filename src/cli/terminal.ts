/** The streams a verb writes to. What a machine reads goes to `out`, all else to `note`. */
export interface Terminal {
  /** A line (or several) of the answer, on stdout. */
  readonly out: (text: string) => void;
  /** A line (or several) about the work, on stderr. */
  readonly note: (text: string) => void;
  /** Raw text on stderr, for the live line. */
  readonly raw: (text: string) => void;
  /** True where a live line can be redrawn. */
  readonly isLive: boolean;
  readonly columns: number;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    out: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    raw: (text) => void stderr.write(text),
    isLive: stderr.isTTY && process.env["TERM"] !== "dumb" && process.env["CI"] === undefined,
    columns: stderr.columns ?? 80,
  };
}

/** Machine-readable answer: one JSON document on stdout. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(JSON.stringify(value, null, 2));
}
