// Which sites a stage has: outputs of modules have activations and nothing else, parameters all but these.

import type { Site, Stage } from "../api/types";

/** Indices of the sites that a stage is about; all where none is, so that nothing ever hides everything. */
export function membersOf(sites: readonly Site[], stage: Stage): Set<number> {
  const isActivation = stage === "activation";
  const members = sites.flatMap(({ output = false }, index) => (output === isActivation ? [index] : []));
  return new Set(members.length > 0 ? members : sites.keys());
}
