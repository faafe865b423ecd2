// Arranges a graph in a worker, or right here where the graph is small or no worker can be had.

import type { GraphAnswer } from "../api/types";
import type { Hierarchy } from "./hierarchy";
import { Arranger, type Chosen, type Scene } from "./scene";
import type { WorkerReply, WorkerRequest } from "./worker_messages";

/** Graphs with fewer nodes are arranged at once: the first picture does not wait for a worker to start. */
export const SMALL_GRAPH = 3000;

export interface Engine {
  /** Calls back with the scene; a request that is overtaken by the next one is dropped. */
  arrange(open: ReadonlySet<number>, chosen: Chosen, done: (scene: Scene) => void): void;
  close(): void;
}

export function createEngine(graph: GraphAnswer, hierarchy: Hierarchy, startWorker = layoutWorker): Engine {
  if (hierarchy.nodes.length < SMALL_GRAPH) return localEngine(hierarchy);
  try {
    return workerEngine(graph, hierarchy, startWorker());
  } catch {
    return localEngine(hierarchy);
  }
}

/** As vite.config.ts names it; from the page's own file, wherever that is served. */
const WORKER_FILE = "./assets/worker.js";

const layoutWorker = (): Worker => new Worker(new URL(WORKER_FILE, import.meta.url), { type: "module" });

function localEngine(hierarchy: Hierarchy): Engine {
  const arranger = new Arranger(hierarchy);
  return { arrange: (open, chosen, done) => done(arranger.arrange(open, chosen)), close: () => {} };
}

interface Job {
  id: number;
  open: ReadonlySet<number>;
  chosen: Chosen;
  done: (scene: Scene) => void;
}

function workerEngine(graph: GraphAnswer, hierarchy: Hierarchy, worker: Worker): Engine {
  let newest: Job | null = null;
  let count = 0;
  let fallback: Engine | null = null;
  const send = (request: WorkerRequest) => worker.postMessage(request);

  worker.addEventListener("message", ({ data }: MessageEvent<WorkerReply>) => {
    if (data.id === newest?.id) newest.done(data.scene);
  });
  // A page whose policy forbids workers, or a worker that breaks, must not leave the picture empty.
  worker.addEventListener("error", () => {
    worker.terminate();
    fallback = localEngine(hierarchy);
    if (newest) fallback.arrange(newest.open, newest.chosen, newest.done);
  });
  send({ kind: "load", graph });
  return {
    arrange(open, chosen, done) {
      if (fallback) return fallback.arrange(open, chosen, done);
      count += 1;
      newest = { id: count, open, chosen, done };
      send({ kind: "arrange", id: count, open, chosen });
    },
    close() {
      newest = null;
      worker.terminate();
    },
  };
}
