import type { FusedMemory } from "../../engine/fused/fused-message.ts";
import type { ThreadMemory } from "../../engine/fused/thread-memory.ts";

const MEBIBYTE = 2 ** 20;

/** What is looked at, and by how much it may differ between two looks: heaps breathe, devices don't. */
const WATCHED = {
  rssBytes: { name: "RSS of the process", room: 64 * MEBIBYTE },
  heapBytes: { name: "heap of the server's thread", room: 2 * MEBIBYTE },
  externalBytes: { name: "external memory of the server's thread", room: 2 * MEBIBYTE },
  arrayBufferBytes: { name: "array buffers of the server's thread", room: 2 * MEBIBYTE },
  deviceHeapBytes: { name: "heap of the device's thread", room: 2 * MEBIBYTE },
  deviceExternalBytes: { name: "external memory of the device's thread", room: 2 * MEBIBYTE },
  deviceArrayBufferBytes: { name: "array buffers of the device's thread", room: 2 * MEBIBYTE },
  deviceBytes: { name: "memory of the device", room: 0 },
  buffers: { name: "buffers on the device", room: 0 },
} as const;

/** All that is held at one moment, nothing being under way. */
export type HeldMemory = Readonly<Record<keyof typeof WATCHED, number>>;

export const NAMES = Object.keys(WATCHED) as (keyof HeldMemory)[];

export const heldMemory = (
  rssBytes: number,
  own: ThreadMemory,
  thread: FusedMemory,
): HeldMemory => ({
  rssBytes,
  ...own,
  deviceHeapBytes: thread.heapBytes,
  deviceExternalBytes: thread.externalBytes,
  deviceArrayBufferBytes: thread.arrayBufferBytes,
  deviceBytes: thread.deviceBytes,
  buffers: thread.buffers,
});

export const described = (name: keyof HeldMemory): string => WATCHED[name].name;

export const amount = (name: keyof HeldMemory, held: number): string =>
  name === "buffers" ? String(held) : `${(held / MEBIBYTE).toFixed(2)} MiB`;

/** What grew beyond its room, in words; nothing, if all is well. */
export function grown(early: HeldMemory, late: HeldMemory): string[] {
  return NAMES.filter((name) => late[name] - early[name] > WATCHED[name].room).map(
    (name) =>
      `${WATCHED[name].name}: from ${amount(name, early[name])} to ${amount(name, late[name])}`,
  );
}
