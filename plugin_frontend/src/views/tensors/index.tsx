// Tensors that were saved by name: a slice as a map, as numbers, or as the image that it is.

import { useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { TensorViewAnswer, TensorViewEntry } from "../../api/types";
import { type ColourScale, decadeRange, magnitudeScale, signedScale, unionRange } from "../../base/colour_scale";
import { computed } from "../../base/signals";
import { useResource } from "../../store/data";
import { useSteadily } from "../../store/steady";
import { dark } from "../../theme";
import { finiteExtent } from "../../widgets/rail_geometry";
import { Segments } from "../../widgets/segments";
import { Empty, Failure, Skeleton } from "../../widgets/states";
import { IndexExpression } from "./index_expression";
import { Lens } from "./lens";
import { AtSavedSteps, Neighbours } from "./neighbours";
import { OverSteps } from "./over_steps";
import { byteRange } from "./pixels";
import { PointedValue } from "./pointed_value";
import { useSavedSteps } from "./saved_steps";
import { channelAxis, defaultPicks, fitPicks, imagePicks, takeSlice } from "./slice";
import { SliceMap, type SliceMapProps } from "./slice_map";
import { chosenEntry, picks as chosenPicks, type Drawing, drawing, listKey, stepOf } from "./state";
import { summarize } from "./summary";
import { TensorList } from "./tensor_list";
import { TensorPanel } from "./tensor_panel";
import { ValuesTable } from "./values_table";

export function TensorsView({ api }: { api: Api }) {
  const list = useResource(listKey, (run) => api.tensorViews(run));
  const key = useMemo(() => computed(() => keyOf(chosenEntry(list.value.data))), [list]);
  const tensor = useSteadily(key, async (text) => {
    const { place, step } = JSON.parse(text) as TensorKey;
    return { key: place, answer: await api.tensorView(place, step) };
  });
  const { data, error } = list.value;
  if (error && !data) return <Failure error={error} />;
  if (!data) return <Skeleton />;
  const entry = chosenEntry(data);
  if (!entry) return <NoTensors />;
  return (
    <section class="split" aria-label="Tensors">
      <TensorList entries={data.tensor_views} current={entry} />
      <TensorStage api={api} entry={entry} shown={tensor.value.data} error={tensor.value.error} />
    </section>
  );
}

interface TensorKey {
  place: Place;
  step: number;
}

/** As text: a reload that changes nothing is no new key. */
function keyOf(entry: TensorViewEntry | null): string | null {
  const run = listKey.value;
  return entry && run !== null ? JSON.stringify({ place: { run, group: entry.group }, step: stepOf(entry) }) : null;
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
  api: Api;
  entry: TensorViewEntry;
  /** With where it is from. */
  shown: { key: Place; answer: TensorViewAnswer } | null;
  error: Error | null;
}

function TensorStage({ api, entry, shown, error }: TensorStageProps) {
  if (error) return <Failure error={error} />;
  // The answer of the tensor chosen before stays only until this one's is there.
  if (!shown || shown.key.group !== entry.group) return <Skeleton />;
  return <SavedTensor api={api} place={shown.key} entry={entry} answer={shown.answer} />;
}

interface SavedTensorProps {
  api: Api;
  place: Place;
  entry: TensorViewEntry;
  answer: TensorViewAnswer;
}

function SavedTensor({ api, place, entry, answer }: SavedTensorProps) {
  const { values, shape } = answer;
  const saved = useSavedSteps(api, place, entry);
  const channels = channelAxis(shape, answer.axes);
  const drawn = drawingOf(channels);
  const fitted = fitPicks(chosenPicks.value ?? defaultPicks(shape), shape);
  const imageChannels = drawn === "image" ? channels : null;
  const picks = imageChannels === null ? fitted : imagePicks(shape, imageChannels, fitted);
  const slice = takeSlice(values, shape, picks);
  const ofTensor = useMemo(() => summarize(values), [values]);
  // Colours are those of all saved steps, so that they keep their meaning from step to step; until these have come, of one.
  const all = useMemo(() => (saved.length > 0 ? saved : [answer]), [answer, saved.length > 0 && saved]);
  const scale = useMemo(() => scaleOf(values, all), [values, all, dark.value]);
  const [low, high] = useMemo(() => finiteExtent(all) ?? [0, 1], [all]);
  const parts = {
    tensor: answer,
    picks,
    slice,
    scale,
    channels: imageChannels,
    bytes: byteRange(low, high),
  };
  return (
    <>
      <div class="split-main tensor-stage">
        <header>
          <IndexExpression tensor={answer} picks={picks} channels={imageChannels} />
          <Segments
            label="Drawing"
            value={drawn}
            options={channels === null ? MATRIX_DRAWINGS : [...MATRIX_DRAWINGS, IMAGE_DRAWING]}
            onChange={(value) => (drawing.value = value)}
          />
        </header>
        <Drawn drawing={drawn} {...parts} />
        <Neighbours {...parts} />
        {entry.steps.length > 1 && values.length > 0 && <AtSavedSteps saved={saved} {...parts} />}
      </div>
      <TensorPanel entry={entry} ofTensor={ofTensor} {...parts}>
        {saved.length > 1 && (
          <OverSteps saved={saved} entry={entry} step={answer.step} picks={picks} channels={imageChannels} />
        )}
      </TensorPanel>
    </>
  );
}

function Drawn({ drawing, ...parts }: SliceMapProps & { drawing: Drawing }) {
  if (parts.tensor.values.length === 0) return <p>This tensor has no element.</p>;
  if (drawing === "values") return <ValuesTable {...parts} />;
  if (drawing === "map") {
    return (
      <div class={`map-and-lens${parts.slice.columns > 2 * parts.slice.rows ? "" : " square"}`}>
        <SliceMap {...parts} />
        <Lens {...parts} />
      </div>
    );
  }
  return (
    <>
      <SliceMap {...parts} />
      <ImageCaption {...parts} />
      <PointedValue {...parts} />
    </>
  );
}

function drawingOf(channels: number | null): Drawing {
  if (drawing.value === "auto") return channels === null ? "map" : "image";
  return drawing.value === "image" && channels === null ? "map" : drawing.value;
}

type DrawingOption = { value: Drawing; label: string };

const MATRIX_DRAWINGS: DrawingOption[] = [
  { value: "map", label: "Map" },
  { value: "values", label: "Values" },
];
const IMAGE_DRAWING: DrawingOption = { value: "image", label: "Image" };

function ImageCaption({ tensor, picks, bytes }: SliceMapProps) {
  const size = `${tensor.shape[picks.rowAxis ?? 0]} × ${tensor.shape[picks.columnAxis ?? 0]} pixels`;
  return <p class="image-caption">{`${size}: ${bytes.words}.`}</p>;
}

/** Purple to green where there are negative values; else mint to indigo, linear where the values span few decades. */
function scaleOf(values: Float32Array, all: readonly Pick<TensorViewAnswer, "values">[]): ColourScale {
  const range = all.map((each) => decadeRange(each.values)).reduce(unionRange);
  const options = { dark: dark.value, range };
  if ([...all, { values }].some((each) => each.values.some((value) => value < 0))) return signedScale(values, options);
  const spansFewDecades = range !== null && range[1] / range[0] <= 100;
  return magnitudeScale(values, { ...options, kind: spansFewDecades ? "linear" : "log" });
}
