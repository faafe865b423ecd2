// What the stage shows instead of a view: the runs can't be had, or hold nothing of ours.

import type { ComponentChildren } from "preact";
import type { RunsAnswer } from "../api/types";
import { runsRequest } from "../store/data";
import { catalogue, ourRuns } from "../store/selection";
import { Empty, Failure, Skeleton } from "./states";

const CODE = `from torchviz_tb import SummaryWriter

writer = SummaryWriter("runs/first")
writer.watch(model, optimizer)`;

const ASK_AGAIN = "This page looks again when TensorBoard reloads.";

/** The children, as soon as there is a run of ours to show in them. */
export function WithRuns({ children }: { children: ComponentChildren }) {
  const { error } = runsRequest.value;
  const runs = catalogue.value;
  if (error && !runs) return <Failure error={error} />;
  if (!runs) return <Skeleton />;
  return ourRuns.value.length > 0 ? children : <NoRuns runs={runs} />;
}

function NoRuns({ runs }: { runs: RunsAnswer }) {
  const { title, line } = describeNothing(runs);
  return (
    <Empty title={title} lines={[line, `Two lines in the training script fill this page. ${ASK_AGAIN}`]} code={CODE} />
  );
}

/** Which of the three kinds of nothing it is. */
export function describeNothing({ log_directory: directory, runs }: RunsAnswer): { title: string; line: string } {
  const path = directory.path || "the log directory";
  if (directory.state === "missing") {
    return {
      title: "The log directory does not exist",
      line: `TensorBoard looks for runs in ${path}: start it with --logdir at where the training writes, or start the training.`,
    };
  }
  if (directory.state === "empty" || runs.length === 0) {
    return {
      title: "The log directory is empty",
      line: `TensorBoard looks for runs in ${path} and finds no event file there.`,
    };
  }
  const names = runs.slice(0, 3).map((run) => run.name || ".");
  const more = runs.length > 3 ? ` and ${runs.length - 3} more` : "";
  return {
    title: "No TorchViz data in these runs yet",
    line: `${path} has ${runs.length === 1 ? "the run" : "the runs"} ${names.join(", ")}${more}, written without a watched model.`,
  };
}
