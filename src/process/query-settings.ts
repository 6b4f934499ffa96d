// What goes with every query of a service may be changed while it runs: its parent tells it, and is
// told once that holds.

/** Told to a service's process: plain JSON, which the service itself gave a meaning. */
export interface QuerySettingsMessage {
  readonly type: "query-settings";
  readonly settings: object;
}

const HOLDS = { type: "query-settings-hold" } as const;

/** Whether a service's process says so: once for each time it was told, in their order. */
export const saysTheyHold = (message: unknown): boolean =>
  (message as Partial<typeof HOLDS>).type === HOLDS.type;

/** Calls back when this process is told what goes with every query from now on. */
export function onQuerySettings(take: (settings: object) => void): void {
  process.on("message", ({ type, settings }: QuerySettingsMessage) => {
    if (type !== "query-settings") return;
    take(settings);
    process.send!(HOLDS);
  });
}
