// What was pinned, in one picture: sites, stages and runs of any kind on one value axis.

import type { Api } from "../../api/client";
import { useComputed } from "../../base/signals";
import { currentStep } from "../../store/selection";
import type { Runs } from "../../store/soon";
import { tokens } from "../../theme";
import { CloseIcon } from "../../widgets/icons";
import { SiteName } from "../../widgets/site_name";
import { Failure } from "../../widgets/states";
import { useSubjects } from "./data";
import { pins, togglePin, wordsOf } from "./options";
import { atStep, type RunDistributions } from "./plot";
import { quantileRow, ValuePicture } from "./stage_picture";
import { isSame, type Subject } from "./subject";

export function Pinned({ api }: { api: Api }) {
  const subjects = useComputed(() => (pins.value.length > 0 ? (pins.value as Runs<Subject>) : null));
  const { data, error } = useSubjects(api, subjects, asPin).value;
  if (pins.value.length === 0) return null;
  return (
    <section class="stage-picture pinned">
      <header>
        <h3>Pinned, compared</h3>
        <button type="button" class="quiet-button" onClick={() => (pins.value = [])}>
          Unpin all
        </button>
      </header>
      <ul>
        {pins.value.map((pin) => (
          <PinLine key={JSON.stringify(pin)} pin={pin} line={data?.find(({ label }) => label === labelOf(pin))} />
        ))}
      </ul>
      {error && !data && <Failure error={error} />}
      {data && <ValuePicture runs={data} name={`${data.length} pinned`} />}
    </section>
  );
}

const labelOf = ({ run, group, site, stage }: Subject) =>
  [site, wordsOf(stage).word, run, ...(group === "model" ? [] : [group])].join(", ");

/** Runs have colours of their own, which several pins may share: these are told apart by their place. */
function asPin(subject: Subject): { label: string; colour: string } {
  const { category0, category1, category2, category3, category4, category5 } = tokens.value;
  const colours = [category0, category1, category2, category3, category4, category5];
  return { label: labelOf(subject), colour: colours[pins.value.findIndex((pin) => isSame(pin, subject))] ?? category5 };
}

function PinLine({ pin, line }: { pin: Subject; line: RunDistributions | undefined }) {
  const at = line && atStep(line, currentStep.value ?? 0);
  const [, median, range] = at ? quantileRow("", at.answer, at.index) : ["", "", "not to be had"];
  return (
    <li>
      <i style={{ background: asPin(pin).colour }} />
      <span>
        <SiteName name={pin.site} />, {wordsOf(pin.stage).word}, {pin.run}
      </span>
      <b>{median}</b> {range}
      <button type="button" class="icon-button" aria-label={`Unpin ${labelOf(pin)}`} onClick={() => togglePin(pin)}>
        <CloseIcon />
      </button>
    </li>
  );
}
