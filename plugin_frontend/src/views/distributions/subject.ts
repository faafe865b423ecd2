// What one line of a picture is of.

import type { Place } from "../../api/client";
import type { Stage } from "../../api/types";

export interface Subject extends Place {
  site: string;
  stage: Stage;
}

export const isSame = (a: Subject, b: Subject): boolean =>
  a.run === b.run && a.group === b.group && a.site === b.site && a.stage === b.stage;
