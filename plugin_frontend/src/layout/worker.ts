// Lays graphs out off the main thread. Page and worker load this same file, so that what both need is there once.

import { buildHierarchy } from "./hierarchy";
import { Arranger } from "./scene";
import type { WorkerReply, WorkerRequest } from "./worker_messages";

/** The built file is a worker as it stands: the page's CSP allows none from a blob. */
export const layoutWorker = (): Worker => new Worker(import.meta.url, { type: "module" });

function answerPage(): void {
  let arranger: Arranger | null = null;
  self.addEventListener("message", ({ data }: MessageEvent<WorkerRequest>) => {
    if (data.kind === "load") {
      arranger = new Arranger(buildHierarchy(data.graph));
      return;
    }
    if (!arranger) throw new Error("the layout worker was asked to arrange a graph before one was loaded");
    const reply: WorkerReply = { kind: "arranged", id: data.id, scene: arranger.arrange(data.open, data.chosen) };
    self.postMessage(reply);
  });
}

const isPage = "document" in self;
if (!isPage) answerPage();
