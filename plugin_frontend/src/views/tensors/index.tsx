// Tensors that were saved by name: a slice as a map, as numbers, or as the image that it is.

import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import type { TensorViewAnswer, TensorViewEntry } from "../../api/types";
import { type ColourScale, magnitudeScale, signedScale } from "../../base/colour_scale";
import { useResource } from "../../store/data";
import { reloads } from "../../store/resource";
import { adopt, dark } from "../../theme";
import { Segments } from "../../widgets/segments";
import { Empty, Failure, Skeleton } from "../../widgets/states";
import { IndexExpression } from "./index_expression";
import { byteRange } from "./pixels";
import { channelAxis, defaultPicks, fitPicks, imagePicks, type Picks, takeSlice } from "./slice";
import { SliceMap } from "./slice_map";
import {
  chosenEntry,
  picks as chosenPicks,
  type Drawing,
  drawing,
  listKey,
  rangeOf,
  stepOf,
  type TensorKey,
} from "./state";
import { summarize } from "./summary";
import { TensorList } from "./tensor_list";
import { TensorPanel } from "./tensor_panel";
import tensorsCss from "./tensors.css?inline";
import { ValuesTable } from "./values_table";

adopt(tensorsCss);

export function TensorsView({ api }: { api: Api }) {
  const list = useResource(listKey, (run) => api.tensorViews(run));
  const key = useMemo(() => computed(() => keyOf(chosenEntry(list.value.data))), [list]);
  const tensor = useResource(key, ({ place, step }) => api.tensorView(place, step));
  const { data, error } = list.value;
  if (error && !data) return <Failure error={error} onRetry={retry} />;
  if (!data) return <Skeleton />;
  const entry = chosenEntry(data);
  if (!entry) return <NoTensors />;
  return (
    <section class="split" aria-label="Tensors">
      <TensorList entries={data.tensor_views} current={entry} />
      <TensorStage entry={entry} answer={tensor.value.data} error={tensor.value.error} />
    </section>
  );
}

function retry(): void {
  reloads.value += 1;
}

function keyOf(entry: TensorViewEntry | null): TensorKey | null {
  const run = listKey.value;
  return entry && run ? { place: { run, group: entry.group }, step: stepOf(entry) } : null;
}

function NoTensors() {
  return (
    <Empty
      title="No tensor was saved in this run"
      lines={["One line in the training loop saves one, whole or its leading corner:"]}
      code={'writer.add_tensor_view("attention.probs", probs, step, axes=("batch", "head", "query", "key"))'}
    />
  );
}

interface TensorStageProps {
  entry: TensorViewEntry;
  answer: TensorViewAnswer | null;
  error: Error | null;
}

function TensorStage({ entry, answer, error }: TensorStageProps) {
  if (error) return <Failure error={error} onRetry={retry} />;
  // The answer of the tensor chosen before stays only until this one's is there.
  if (!answer || answer.name !== entry.name) return <Skeleton />;
  return <SavedTensor entry={entry} answer={answer} />;
}

function SavedTensor({ entry, answer }: { entry: TensorViewEntry; answer: TensorViewAnswer }) {
  const channels = channelAxis(answer.shape, answer.axes);
  const shown: Drawing = drawing.value === "image" && channels === null ? "map" : drawing.value;
  const fitted = fitPicks(chosenPicks.value ?? defaultPicks(answer.shape), answer.shape);
  const picks = shown === "image" && channels !== null ? imagePicks(answer.shape, channels, fitted) : fitted;
  const slice = takeSlice(answer.values, answer.shape, picks);
  const scale = useMemo(() => scaleOf(`${listKey.value}/${entry.group}`, answer.values), [answer, dark.value]);
  const imageChannels = shown === "image" ? channels : null;
  return (
    <>
      <div class="split-main tensor-stage">
        <header>
          <IndexExpression tensor={answer} picks={picks} channels={imageChannels} />
          <Segments
            label="Drawing"
            value={shown}
            options={channels === null ? MATRIX_DRAWINGS : [...MATRIX_DRAWINGS, IMAGE_DRAWING]}
            onChange={(value) => (drawing.value = value)}
          />
        </header>
        {answer.values.length === 0 && <p>This tensor has no element.</p>}
        {shown === "values" ? (
          <ValuesTable tensor={answer} picks={picks} slice={slice} scale={scale} />
        ) : (
          <SliceMap tensor={answer} picks={picks} slice={slice} scale={scale} channels={imageChannels} />
        )}
        {imageChannels !== null && <ImageCaption tensor={answer} picks={picks} />}
      </div>
      <TensorPanel entry={entry} tensor={answer} slice={slice} scale={scale} />
    </>
  );
}

type DrawingOption = { value: Drawing; label: string };

const MATRIX_DRAWINGS: DrawingOption[] = [
  { value: "map", label: "Map" },
  { value: "values", label: "Values" },
];
const IMAGE_DRAWING: DrawingOption = { value: "image", label: "Image" };

function ImageCaption({ tensor, picks }: { tensor: TensorViewAnswer; picks: Picks }) {
  const { min, max } = summarize(tensor.values);
  const size = `${tensor.shape[picks.rowAxis ?? 0]} × ${tensor.shape[picks.columnAxis ?? 0]} pixels`;
  return <p class="image-caption">{`${size}: ${byteRange(min, max).words}.`}</p>;
}

/** Purple to green where there are negative values; else mint to indigo, linear where the values span few decades. */
function scaleOf(tensor: string, values: Float32Array): ColourScale {
  const range = rangeOf(tensor, values);
  const options = { dark: dark.value, range };
  if (values.some((value) => value < 0)) return signedScale(values, options);
  const spansFewDecades = range !== null && range[1] / range[0] <= 100;
  return magnitudeScale(values, { ...options, kind: spansFewDecades ? "linear" : "log" });
}
