// The panel at the right: facts of what is selected. Beside the stage from 1,100 px, over it below.

import type { ComponentChildren } from "preact";
import { capital } from "../base/format";
import { useEscape } from "../store/keyboard";
import { type View, view } from "../store/selection";
import { CloseIcon } from "./icons";
import { explained } from "./meaning";

interface SidePanelProps {
  title: ComponentChildren;
  subtitle?: ComponentChildren;
  onClose: () => void;
  children?: ComponentChildren;
}

export function SidePanel({ title, subtitle, onClose, children }: SidePanelProps) {
  useEscape(onClose);
  return (
    <aside class="side-panel" aria-label="Selection">
      <div class="side-panel-head">
        <div>
          <h2>{title}</h2>
          {subtitle && <p>{subtitle}</p>}
        </div>
        <button type="button" class="icon-button" aria-label="Close" title="Close (Esc)" onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      {children}
    </aside>
  );
}

/** A part of the panel under a hairline. */
export function PanelSection({ title, children }: { title?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="panel-section">
      {title && <h3>{title}</h3>}
      {children}
    </section>
  );
}

/** The same in other views, at the panel's foot; `onGo` selects there what the panel is about. */
export function ViewLinks({ to, onGo }: { to: readonly View[]; onGo?: (target: View) => void }) {
  const go = (target: View) => {
    onGo?.(target);
    view.value = target;
  };
  return (
    <footer class="panel-foot">
      {to.map((target) => (
        <button key={target} type="button" class="button" onClick={() => go(target)}>
          {capital(target)}
        </button>
      ))}
    </footer>
  );
}

/** What it is, the value at the right, and under which name the server explains it. */
type Fact = readonly [label: string, value: ComponentChildren, meaning?: string];

export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(([label, value, meaning]) => (
        <div key={label} {...explained(meaning)}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
