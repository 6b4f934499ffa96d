import type { Settling } from "../result/schema.ts";

/** How the gates came to count, in a sentence; "" where the scenario's own rounds were all there was. */
export function settlingText(settling: Settling | null): string {
  if (settling === null || settling.looks.length === 0) return "";
  const { budget, looks } = settling;
  const rounds = joined(looks.map((look) => String(look.rounds)));
  const open = looks.at(-1)!.open.length;
  const times = looks.length === 1 ? "once" : `${looks.length} times`;
  const end =
    open === 0
      ? ""
      : ` ${open === 1 ? "One was" : `${open} were`} still open when the budget of ${budget} left no more.`;
  return `The gates were looked at ${times}, after ${rounds} ${looks.length === 1 && looks[0]!.rounds === 1 ? "round" : "rounds"}.${end}`;
}

/** `5`, `5 and 10`, `5, 10 and 20`. */
function joined(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
