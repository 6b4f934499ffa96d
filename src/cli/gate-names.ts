import { parseGate } from "../gate/expression.ts";
import type { CheckGate } from "../scenario/consistency.ts";

/** Systems and loads that a gate expression names; `*` and the headline load name none. */
export const gateNames: CheckGate = (text) => {
  const { left, over } = parseGate(text);
  const terms = over === null ? [left] : [left, over];
  return {
    systems: terms.map(({ system }) => system).filter((system) => system !== "*"),
    loads: terms.flatMap(({ load }) => (load === null ? [] : [load])),
  };
};
