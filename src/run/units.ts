import { connectDoor, type DoorClient } from "../door/client.ts";
import { HarnessError } from "../errors.ts";
import { expandVariants } from "../scenario/variants.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { StartOptions, System } from "../system.ts";
import { choiceOf, startSystem } from "./start-system.ts";

/** A variant of a system, started and connected to. */
export interface Unit {
  /** Name of the system in the scenario. */
  readonly system: string;
  /** "" where nothing is swept. */
  readonly variant: string;
  /** Others of the system may be served by the very same. */
  readonly running: System;
  readonly door: DoorClient;
  /** Must have resolved since another variant was asked: it answers as this one from then on. */
  readonly enter: () => Promise<void>;
}

/** A unit as people read it. */
export function labelOf({ system, variant }: Pick<Unit, "system" | "variant">): string {
  return variant === "" ? system : `${system} [${variant}]`;
}

export type UnitOptions = Omit<StartOptions<never>, "name" | "settings">;

/**
 * Every variant of every system. Variants of which one system can be told with every query which it
 * is are one system, which is none of the others while it is one of them; each is checked, warmed
 * and measured by itself all the same. All stay up together, and those that are not under load are
 * idle. Disposing them stops every process, whatever happened.
 */
export class Units implements AsyncDisposable {
  readonly #all: Unit[] = [];
  readonly #death = new AbortController();

  /** @throws whatever a system could not start for; those already started are stopped again. */
  static async start(scenario: Scenario, options: UnitOptions): Promise<Units> {
    const units = new Units();
    try {
      for (const [system, spec] of Object.entries(scenario.systems)) {
        const variants = expandVariants(spec);
        const mayShare = variants.length > 1 && isStill(scenario);
        for (const variant of variants) {
          const label = labelOf({ system, variant: variant.label });
          const shared = mayShare ? units.#serving(system, variant.settings) : undefined;
          const running =
            shared ??
            (await startSystem(choiceOf(spec, variant), {
              ...options,
              name: system,
              onProgress: (phase, fraction) => options.onProgress(`${label}: ${phase}`, fraction),
            }));
          units.#add({
            system,
            variant: variant.label,
            running,
            door: connectDoor(running.address, running.tls),
            enter: (mayShare ? running.serveWith?.(variant.settings) : null) ?? stay,
          });
        }
      }
      return units;
    } catch (error) {
      await units[Symbol.asyncDispose]();
      throw error;
    }
  }

  get all(): readonly Unit[] {
    return this.#all;
  }

  /** Aborted, with the reason, once a process of any system has died. */
  get death(): AbortSignal {
    return this.#death.signal;
  }

  /** A running system of that name which can serve with these settings; undefined: none can. */
  #serving(name: string, settings: object): System | undefined {
    const known = this.#all.filter(({ system }) => system === name);
    return known.find(({ running }) => (running.serveWith?.(settings) ?? null) !== null)?.running;
  }

  #add(unit: Unit): void {
    this.#all.push(unit);
    // oxlint-disable-next-line promise/always-return -- nobody waits for it
    void unit.running.died.then((cause) => {
      const { system } = unit;
      this.#death.abort(
        new HarnessError("INVALID", `${system}: ${cause.message}`, { where: system, cause }),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { door } of this.#all) door.close();
    const systems = new Set(this.#all.map(({ running }) => running));
    await Promise.allSettled([...systems].map((running) => running[Symbol.asyncDispose]()));
  }
}

const stay = (): Promise<void> => Promise.resolve();

/** Harm done to one variant, and changes told to it, must not reach another. */
const isStill = ({ faults, updates }: Scenario): boolean =>
  faults.length === 0 && updates === undefined;
