// What the page and its layout worker say to each other.

import type { GraphAnswer } from "../api/types";
import type { Chosen, Scene } from "./scene";

/** Page to worker. A graph is loaded once, then arranged again for each set of open nodes. */
export type WorkerRequest =
  | { kind: "load"; graph: GraphAnswer }
  | { kind: "arrange"; id: number; open: ReadonlySet<number>; chosen: Chosen };

/** Worker to page. */
export type WorkerReply = { kind: "arranged"; id: number; scene: Scene };
