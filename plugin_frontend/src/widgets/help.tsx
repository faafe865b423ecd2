// The help sheet: the keys that the page has.

import { useEffect, useRef } from "preact/hooks";
import { signal } from "../base/signals";
import { type Key, type KeyHelp, keysOff, switchKey, useEscape, viewKeys } from "../store/keyboard";
import { CloseIcon } from "./icons";

export const helpOpen = signal(false);

const close = () => {
  helpOpen.value = false;
};

export function Help({ keys }: { keys: readonly Key[] }) {
  return helpOpen.value ? <HelpSheet keys={keys} /> : null;
}

function HelpSheet({ keys }: { keys: readonly Key[] }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEscape(close);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="help" ref={dialog} aria-labelledby="help-title" onClose={close}>
      <div class="help-head">
        <h2 id="help-title">Keys</h2>
        <button type="button" class="icon-button" aria-label="Close" title="Close (Esc)" onClick={close}>
          <CloseIcon />
        </button>
      </div>
      <KeyList keys={keys} />
      <h3>In this view</h3>
      <KeyList keys={viewKeys.value} />
    </dialog>
  );
}

/** Single letters get in the way of some, such as those who speak to their machine. */
function KeySwitch({ label }: { label: string }) {
  return (
    <dd>
      <input
        type="checkbox"
        aria-label={`Key ${label} on`}
        checked={!keysOff.value.includes(label)}
        onChange={(event) => switchKey(label, event.currentTarget.checked)}
      />
    </dd>
  );
}

function KeyList({ keys }: { keys: readonly KeyHelp[] }) {
  return (
    <dl>
      {keys.map((key) => (
        <div key={key.label}>
          <dt>
            <kbd>{key.label}</kbd>
          </dt>
          <dd>{key.does}</dd>
          {"press" in key && key.label !== "Esc" && <KeySwitch label={key.label} />}
        </div>
      ))}
    </dl>
  );
}
