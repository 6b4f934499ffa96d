/** What went wrong, in classes a script can act on. Each maps to one exit code of the command line. */
export type ErrorCode =
  | "INTERNAL" // a fault of ours
  | "BAD_INPUT" // command line, scenario, request: the caller can mend it
  | "DATA" // a dataset, artifact or bundle is missing, damaged or of another make
  | "INVALID" // the measurement cannot be trusted: a service died, a point is invalid
  | "UNAVAILABLE" // a system is not there or not ready
  | "OVERLOADED" // admission control refused the request
  | "DEADLINE" // the request's deadline passed
  | "INTERRUPTED"; // the user stopped it

export interface ErrorDetail {
  /** What to do about it, one sentence. */
  readonly hint?: string;
  /** The field, file, line or process concerned. */
  readonly where?: string;
  readonly cause?: unknown;
}

/**
 * The one error class of silverbench. The message reads well alone: what was expected, what came
 * and where; `hint` says what to do; `cause` keeps what lay beneath.
 */
export class HarnessError extends Error {
  override readonly name = "HarnessError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly where: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint;
    this.where = detail.where;
  }

  /** Anything thrown, as a HarnessError; what is not ours becomes INTERNAL and keeps its cause. */
  static from(thrown: unknown): HarnessError {
    if (thrown instanceof HarnessError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new HarnessError("INTERNAL", message, { cause: thrown });
  }
}

/** The message, hint and causes of an error as a person reads them, one line each. */
export function explain(error: HarnessError): string {
  const lines = [error.where === undefined ? error.message : `${error.where}: ${error.message}`];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!error.message.includes(cause.message)) lines.push(`  because: ${cause.message}`);
  }
  if (error.hint !== undefined) lines.push(`  try: ${error.hint}`);
  return lines.join("\n");
}
