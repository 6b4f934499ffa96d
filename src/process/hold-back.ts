/** Told to a service's process: every answer is held back for so long from now on; 0: none is. */
export interface HoldBackMessage {
  readonly type: "hold-back";
  readonly ms: number;
}

/** Calls back when this process is told to hold its answers back. */
export function onHoldBack(holdBack: (ms: number) => void): void {
  process.on("message", ({ type, ms }: HoldBackMessage) => {
    if (type === "hold-back") holdBack(ms);
  });
}
