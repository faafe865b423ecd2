import { describe, expect, test, vi } from "vitest";
import { createEngine, SMALL_SCENE } from "../../src/layout/engine";
import { buildHierarchy } from "../../src/layout/hierarchy";
import { Arranger, countShown, type Scene } from "../../src/layout/scene";
import type { WorkerReply, WorkerRequest } from "../../src/layout/worker_messages";
import { chain, tangle } from "./graphs";

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

const large = tangle(2 * SMALL_SCENE, 2);
const hierarchy = buildHierarchy(large);
const all = new Set(hierarchy.groups.keys());
const NONE: ReadonlySet<number> = new Set();
const scene: Scene = { layouts: [], layoutOf: new Map(), contentOf: new Map() };

function start(graph = large) {
  const worker = new FakeWorker();
  const startWorker = vi.fn(() => worker as unknown as Worker);
  return { worker, startWorker, engine: createEngine(graph, buildHierarchy(graph), startWorker) };
}

test("there is more in the large scene than is arranged at once", () => {
  expect(countShown(hierarchy, all)).toBeGreaterThan(SMALL_SCENE);
});

describe("a small scene", () => {
  test("is arranged at once, without a worker", () => {
    const { engine, startWorker } = start(chain(3));
    const done = vi.fn();
    engine.arrange(NONE, new Map(), done);
    expect(done).toHaveBeenCalledWith(new Arranger(buildHierarchy(chain(3))).arrange(NONE));
    expect(startWorker).not.toHaveBeenCalled();
  });

  test("of a large graph, too, and overtakes what the worker is at", () => {
    const { engine, worker } = start();
    const [first, second] = [vi.fn(), vi.fn()];
    engine.arrange(all, new Map(), first);
    engine.arrange(NONE, new Map(), second);
    worker.reply(1, scene);
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledOnce();
  });
});

describe("a large scene", () => {
  test("has the graph sent to the worker once, then only what is open", () => {
    const { engine, worker } = start();
    const more = new Set([...all, -1]);
    engine.arrange(all, new Map(), vi.fn());
    engine.arrange(more, new Map([[1, 2]]), vi.fn());
    expect(worker.sent).toEqual([
      { kind: "load", graph: large },
      { kind: "arrange", id: 1, open: all, chosen: new Map() },
      { kind: "arrange", id: 2, open: more, chosen: new Map([[1, 2]]) },
    ]);
  });

  test("an answer that was overtaken is dropped", () => {
    const { engine, worker } = start();
    const [first, second] = [vi.fn(), vi.fn()];
    engine.arrange(all, new Map(), first);
    engine.arrange(all, new Map(), second);
    worker.reply(1, scene);
    worker.reply(2, scene);
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledExactlyOnceWith(scene);
  });

  test("a worker that breaks is replaced by the page itself", () => {
    const { engine, worker } = start();
    const done = vi.fn();
    engine.arrange(all, new Map(), done);
    worker.dispatchEvent(new Event("error"));
    expect(worker.terminate).toHaveBeenCalledOnce();
    expect(done.mock.calls[0]?.[0].layoutOf.has(0)).toBe(true);
  });

  test("is arranged on the page where no worker can be started", () => {
    const done = vi.fn();
    createEngine(large, hierarchy, () => {
      throw new Error("blocked");
    }).arrange(all, new Map(), done);
    expect(done).toHaveBeenCalledOnce();
  });

  test("nothing calls back after closing", () => {
    const { engine, worker } = start();
    const done = vi.fn();
    engine.arrange(all, new Map(), done);
    engine.close();
    worker.reply(1, scene);
    expect(done).not.toHaveBeenCalled();
    expect(worker.terminate).toHaveBeenCalledOnce();
  });
});
