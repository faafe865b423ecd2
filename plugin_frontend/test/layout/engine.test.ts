import { describe, expect, test, vi } from "vitest";
import { createEngine, SMALL_GRAPH } from "../../src/layout/engine";
import { buildHierarchy } from "../../src/layout/hierarchy";
import { Arranger, type Scene } from "../../src/layout/scene";
import type { WorkerReply, WorkerRequest } from "../../src/layout/worker_messages";
import { chain } from "./graphs";

/** Stands in for the browser's worker: keeps what it is sent, replies when told to. */
class FakeWorker extends EventTarget {
  readonly sent: WorkerRequest[] = [];
  readonly terminate = vi.fn();

  postMessage(request: WorkerRequest): void {
    this.sent.push(request);
  }

  reply(id: number, scene: Scene): void {
    const data: WorkerReply = { kind: "arranged", id, scene };
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

const large = chain(SMALL_GRAPH);
const hierarchy = buildHierarchy(large);
const scene: Scene = { layouts: [], layoutOf: new Map(), contentOf: new Map() };

function start(graph = large) {
  const worker = new FakeWorker();
  const startWorker = vi.fn(() => worker as unknown as Worker);
  return { worker, startWorker, engine: createEngine(graph, buildHierarchy(graph), startWorker) };
}

describe("a small graph", () => {
  test("is arranged at once, without a worker", () => {
    const { engine, startWorker } = start(chain(3));
    const done = vi.fn();
    engine.arrange(new Set(), new Map(), done);
    expect(done).toHaveBeenCalledWith(new Arranger(buildHierarchy(chain(3))).arrange(new Set()));
    expect(startWorker).not.toHaveBeenCalled();
  });
});

describe("a large graph", () => {
  test("is sent to the worker once, then only what is open", () => {
    const { engine, worker } = start();
    engine.arrange(new Set([1]), new Map(), vi.fn());
    engine.arrange(new Set([2, 3]), new Map(), vi.fn());
    expect(worker.sent).toEqual([
      { kind: "load", graph: large },
      { kind: "arrange", id: 1, open: new Set([1]), chosen: new Map() },
      { kind: "arrange", id: 2, open: new Set([2, 3]), chosen: new Map() },
    ]);
  });

  test("an answer that was overtaken is dropped", () => {
    const { engine, worker } = start();
    const [first, second] = [vi.fn(), vi.fn()];
    engine.arrange(new Set(), new Map(), first);
    engine.arrange(new Set([1]), new Map(), second);
    worker.reply(1, scene);
    worker.reply(2, scene);
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledExactlyOnceWith(scene);
  });

  test("a worker that breaks is replaced by the page itself", () => {
    const { engine, worker } = start();
    const done = vi.fn();
    engine.arrange(new Set(), new Map(), done);
    worker.dispatchEvent(new Event("error"));
    expect(worker.terminate).toHaveBeenCalledOnce();
    expect(done.mock.calls[0]?.[0].layoutOf.has(0)).toBe(true);
  });

  test("is arranged on the page where no worker can be started", () => {
    const done = vi.fn();
    createEngine(large, hierarchy, () => {
      throw new Error("blocked");
    }).arrange(new Set(), new Map(), done);
    expect(done).toHaveBeenCalledOnce();
  });

  test("nothing calls back after closing", () => {
    const { engine, worker } = start();
    const done = vi.fn();
    engine.arrange(new Set(), new Map(), done);
    engine.close();
    worker.reply(1, scene);
    expect(done).not.toHaveBeenCalled();
    expect(worker.terminate).toHaveBeenCalledOnce();
  });
});
