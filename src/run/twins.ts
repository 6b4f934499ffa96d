import type { LoadedScenario } from "../scenario/load-scenario.ts";
import { headlineLoad } from "../scenario/headline-load.ts";

/** A system and the same once more: whatever differs between them is noise. */
export interface Twins {
  readonly of: string;
  readonly over: string;
}

/** How the second of the two is called. */
const AGAIN = "-again";

/**
 * A scenario in which its first system stands against itself, at the headline load, with nothing
 * swept and no gate: every difference that is found is a false alarm.
 */
export function twinned(loaded: LoadedScenario): { loaded: LoadedScenario; twins: Twins } {
  const { scenario } = loaded;
  const [over, spec] = Object.entries(scenario.systems)[0]!;
  const of = `${over}${AGAIN}`;
  const load = headlineLoad(scenario);
  const alone = { ...spec, sweep: {} };
  return {
    twins: { of, over },
    loaded: {
      ...loaded,
      scenario: {
        ...scenario,
        systems: { [over]: alone, [of]: alone },
        loads: { [load]: scenario.loads[load]! },
        gate: [],
      },
    },
  };
}
