// Arranges a graph in a worker, or right here where little is shown or no worker can be had.

import type { GraphAnswer } from "../api/types";
import type { Hierarchy } from "./hierarchy";
import { Arranger, type Chosen, countShown, type Scene } from "./scene";
import { layoutWorker } from "./worker";
import type { WorkerReply, WorkerRequest } from "./worker_messages";

/** Scenes with fewer boxes are arranged at once: the first picture waits neither for a worker nor for a copy of the graph. */
export const SMALL_SCENE = 1500;

export interface Engine {
  /** Calls back with the scene; a request that is overtaken by the next one is dropped. */
  arrange(open: ReadonlySet<number>, chosen: Chosen, done: (scene: Scene) => void): void;
  /** Drops what is under way. */
  overtake(): void;
  close(): void;
}

export function createEngine(graph: GraphAnswer, hierarchy: Hierarchy, startWorker = layoutWorker): Engine {
  const local = new Arranger(hierarchy);
  let remote: Engine | null = null;
  let isClosed = false;
  const arrangeHere: Engine["arrange"] = (open, chosen, done) => done(local.arrange(open, chosen));
  const startRemote = (): Engine => {
    try {
      return workerEngine(graph, startWorker(), arrangeHere);
    } catch {
      return { arrange: arrangeHere, overtake: () => {}, close: () => {} };
    }
  };
  return {
    arrange(open, chosen, done) {
      if (isClosed) return;
      if (countShown(hierarchy, open, chosen) < SMALL_SCENE) {
        remote?.overtake();
        arrangeHere(open, chosen, done);
        return;
      }
      remote ??= startRemote();
      remote.arrange(open, chosen, done);
    },
    overtake: () => remote?.overtake(),
    close() {
      isClosed = true;
      remote?.close();
    },
  };
}

interface Job {
  id: number;
  open: ReadonlySet<number>;
  chosen: Chosen;
  done: (scene: Scene) => void;
}

function workerEngine(graph: GraphAnswer, worker: Worker, arrangeHere: Engine["arrange"]): Engine {
  let newest: Job | null = null;
  let count = 0;
  let isBroken = false;
  const send = (request: WorkerRequest) => worker.postMessage(request);

  worker.addEventListener("message", ({ data }: MessageEvent<WorkerReply>) => {
    if (data.id === newest?.id) newest.done(data.scene);
  });
  // A page whose policy forbids workers, or a worker that breaks, must not leave the picture empty.
  worker.addEventListener("error", () => {
    worker.terminate();
    isBroken = true;
    if (newest) arrangeHere(newest.open, newest.chosen, newest.done);
  });
  send({ kind: "load", graph });
  return {
    arrange(open, chosen, done) {
      if (isBroken) return arrangeHere(open, chosen, done);
      count += 1;
      newest = { id: count, open, chosen, done };
      send({ kind: "arrange", id: count, open, chosen });
    },
    overtake() {
      newest = null;
    },
    close() {
      newest = null;
      worker.terminate();
    },
  };
}
