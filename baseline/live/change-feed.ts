import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../../src/errors.ts";
import type { Changes, Follower, ItemChange } from "./changes.ts";
import { ChangeLog } from "./change-log.ts";

/** How long a change may take to reach every service before the owner is told that it has not. */
const REACH_MS = 8_000;

/** Between two tries to reach a service that does not answer. */
const RETRY_MS = 250;

export interface ChangeFeedOptions {
  /** Who learns of changes, stage after stage: no stage gets one before those before it have it. */
  readonly stages: readonly (readonly Follower[])[];
  /** Seconds by which each service is held behind; absent: 0. */
  readonly holdSeconds: Readonly<Record<string, number>>;
}

/**
 * Carries changes to the services, each copy of them in order and at its own pace, and knows which
 * version each has. A copy that was restarted begins at the build again and is brought up.
 */
export class ChangeFeed {
  readonly #log = new ChangeLog();
  readonly #copies: readonly CopyOfItems[];
  readonly #closed = new AbortController();
  #settled = 0;

  constructor({ stages, holdSeconds }: ChangeFeedOptions) {
    const { signal } = this.#closed;
    const copies: CopyOfItems[] = [];
    for (const stage of stages) {
      const before = [...copies];
      for (const follower of stage) {
        const holdMs = 1000 * (holdSeconds[follower.service] ?? 0);
        copies.push(new CopyOfItems(follower, { log: this.#log, holdMs, before, signal }));
      }
    }
    this.#copies = copies;
  }

  /** Of the newest change. */
  get version(): number {
    return this.#log.version;
  }

  /** The newest version that every service has but those held behind. */
  get settled(): number {
    return this.#settled;
  }

  /** The version that each service has: that of the copy furthest behind. */
  versions(): ReadonlyMap<string, number> {
    const versions = new Map<string, number>();
    for (const { service, version } of this.#copies) {
      versions.set(service, Math.min(versions.get(service) ?? Infinity, version));
    }
    return versions;
  }

  /** Whether a service is held behind, so that it differs from the others on purpose. */
  holds(service: string): boolean {
    return this.#copies.some((copy) => copy.service === service && copy.holdMs > 0);
  }

  /** Items that differ from the build. */
  get changed(): number {
    return this.#log.size;
  }

  hasChanged(row: number): boolean {
    return this.#log.has(row);
  }

  /**
   * Takes over where an earlier feed ended: the services, which may have any version up to its
   * last, are asked, and brought up.
   */
  resume(
    steps: readonly { readonly version: number; readonly changes: readonly ItemChange[] }[],
  ): void {
    for (const { version, changes } of steps) this.#log.restore(version, changes);
    this.#settled = this.version;
    if (this.version === 0) return;
    for (const copy of this.#copies) copy.resume(this.version);
  }

  /**
   * One more version: resolves once every service has it but those held behind.
   * @param items A row at most once.
   * @throws HarnessError UNAVAILABLE naming a service that did not take it in time; it will as soon
   *   as it answers again.
   */
  async publish(items: readonly ItemChange[]): Promise<void> {
    const changes = this.#log.append(items);
    const { version } = changes;
    const late = sleep(REACH_MS, "late" as const, { ref: false });
    await Promise.all(
      this.#copies.map(async (copy) => {
        const reached = copy.holdMs > 0 ? copy.reachLater(changes) : copy.reach(version);
        if (copy.holdMs > 0 || (await Promise.race([reached, late])) !== "late") return;
        throw new HarnessError(
          "UNAVAILABLE",
          `the ${copy.service} service did not take version ${version} within ${REACH_MS / 1000} s`,
          { where: copy.service, hint: "it will once it answers again" },
        );
      }),
    );
    this.#settled = Math.max(this.#settled, version);
  }

  /**
   * To be called with the version that a service answered from. If it is older than it may be, a
   * copy of it was restarted: all of them are asked, and brought up.
   * @param version -1: older than it may be.
   */
  notice(service: string, version: number): void {
    if (version >= this.#settled) return;
    for (const copy of this.#copies) {
      if (copy.service === service && copy.holdMs === 0) copy.recheck();
    }
  }

  close(): void {
    this.#closed.abort();
  }
}

interface CopyContext {
  readonly log: ChangeLog;
  readonly holdMs: number;
  /** Who must have a version first. */
  readonly before: readonly CopyOfItems[];
  readonly signal: AbortSignal;
}

/** One follower, and how far it is. */
class CopyOfItems {
  readonly service: string;
  readonly holdMs: number;
  readonly #follower: Follower;
  readonly #context: CopyContext;
  /** Changes whose time has not come: it is to see each version as late as the others. */
  readonly #held: Changes[] = [];
  #version = 0;
  #wanted = 0;
  #following: Promise<void> | null = null;
  #rechecking = false;

  constructor(follower: Follower, context: CopyContext) {
    this.service = follower.service;
    this.holdMs = context.holdMs;
    this.#follower = follower;
    this.#context = context;
  }

  get version(): number {
    return this.#version;
  }

  /** Brings it changes once they have been held back for its time. */
  async reachLater(changes: Changes): Promise<void> {
    const { signal } = this.#context;
    this.#held.push(changes);
    await sleep(this.holdMs, undefined, { ref: false, signal }).catch(() => {});
    await this.reach(changes.version);
    this.#held.shift();
  }

  /** Resolves once it has a version; tries until the feed is closed. */
  async reach(version: number): Promise<void> {
    const { before, signal } = this.#context;
    await Promise.all(
      before.filter((copy) => copy.holdMs === 0).map((copy) => copy.reach(version)),
    );
    this.#wanted = Math.max(this.#wanted, version);
    while (this.#version < version && !signal.aborted) {
      this.#following ??= this.#follow().finally(() => (this.#following = null));
      await this.#following;
    }
  }

  /** It has some version, and is to have this one. */
  resume(version: number): void {
    this.#wanted = version;
    this.recheck();
  }

  /** Asks it which version it has, and brings it up to what it should have. */
  recheck(): void {
    if (this.#rechecking || this.#following !== null) return;
    this.#rechecking = true;
    const version = this.#version;
    const nothing = { since: version, version, items: [] };
    void this.#follower
      .apply(nothing)
      .then((held) => {
        this.#version = held;
        return this.reach(this.#wanted);
      })
      .catch(() => {
        // Not there yet; the next answer that is too old, or the next change, asks again.
      })
      .finally(() => (this.#rechecking = false));
  }

  async #follow(): Promise<void> {
    const { log, signal } = this.#context;
    while (this.#version < this.#wanted && !signal.aborted) {
      const held = this.#held.find(({ since }) => since === this.#version);
      try {
        this.#version = await this.#follower.apply(held ?? log.since(this.#version));
      } catch {
        await sleep(RETRY_MS, undefined, { ref: false, signal }).catch(() => {});
      }
    }
  }
}
