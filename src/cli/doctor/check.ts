/** `missing`: silverbench cannot work; `warn`: it works, but the reader should know. */
export type CheckStatus = "ok" | "warn" | "missing";

/** One line of `silverbench doctor`. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly found: string;
  /** What to do about it; absent where all is well. */
  readonly advice?: string;
}

export const ok = (name: string, found: string): Check => ({ name, status: "ok", found });

export const warn = (name: string, found: string, advice: string): Check => ({
  name,
  status: "warn",
  found,
  advice,
});

export const missing = (name: string, found: string, advice: string): Check => ({
  name,
  status: "missing",
  found,
  advice,
});
