// Lays graphs out off the main thread.

import { buildHierarchy } from "./hierarchy";
import { Arranger } from "./scene";
import type { WorkerReply, WorkerRequest } from "./worker_messages";

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
