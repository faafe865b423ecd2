// The line above the canvas: where the selection is, what colours the boxes, how deep the picture is open.

import type { ComponentType } from "preact";
import { FitIcon, MinusIcon, PlusIcon, SaveIcon, ZoomIcon } from "../../widgets/icons";
import { Menu, WordMenu } from "../../widgets/menu";
import { COLOURING_OPTIONS, colouring } from "./colouring";
import type { Health } from "./health";
import type { GraphModel } from "./model";
import { otherPlace, sideBySide } from "./other_run";
import { safeName } from "./paint_text";
import { exportPng, exportSvg } from "./picture_of";

interface GraphBarProps {
  model: GraphModel;
  health: Health;
  treeShown: boolean;
  onTree: () => void;
}

export function GraphBar({ model, health, treeShown, onTree }: GraphBarProps) {
  return (
    <div class="graph-bar">
      <button type="button" class="button graph-tree-button" aria-expanded={treeShown} onClick={onTree}>
        Modules
      </button>
      <Breadcrumb model={model} />
      <span class="graph-bar-control">
        Colour:{" "}
        <WordMenu
          label="Colour"
          value={colouring.value}
          options={COLOURING_OPTIONS}
          onChange={(value) => {
            colouring.value = value;
          }}
        />
      </span>
      {otherPlace.value && <BesideSwitch model={model} />}
      {model.way.value && (
        <button type="button" class="quiet-button" onClick={() => (model.way.value = null)}>
          Clear path
        </button>
      )}
      <DepthControl model={model} />
      <span class="graph-icons">
        <IconButton label="Fit the graph to the window (f)" icon={FitIcon} onClick={() => model.fit()} />
        <IconButton
          label="Zoom to the selection (z)"
          icon={ZoomIcon}
          disabled={model.selected.value === null}
          onClick={() => model.zoomToSelection()}
        />
        <ExportMenu model={model} health={health} />
      </span>
    </div>
  );
}

function ExportMenu({ model, health }: { model: GraphModel; health: Health }) {
  return (
    <Menu label="Export the graph" buttonClass="icon-button" button={<SaveIcon />}>
      {(close) =>
        (
          [
            ["SVG", exportSvg],
            ["PNG", exportPng],
          ] as const
        ).map(([label, run]) => (
          <button
            key={label}
            type="button"
            class="menu-item"
            role="menuitem"
            onClick={() => {
              run(model, health);
              close();
            }}
          >
            {label}
          </button>
        ))
      }
    </Menu>
  );
}

function BesideSwitch({ model }: { model: GraphModel }) {
  const on = sideBySide.value === "on";
  return (
    <button
      type="button"
      class="quiet-button"
      aria-pressed={on}
      onClick={() => {
        model.viewpoint.reopen();
        sideBySide.value = on ? "off" : "on";
      }}
    >
      Side by side
    </button>
  );
}

const MOST_CRUMBS = 4;

function Breadcrumb({ model }: { model: GraphModel }) {
  const selected = model.selected.value;
  const path = selected === null ? [0] : [...model.ancestors(selected), selected];
  const cut = path.length > MOST_CRUMBS;
  const seen = cut ? [...path.slice(0, 1), ...path.slice(1 - MOST_CRUMBS)] : path;
  return (
    <nav class="graph-crumbs" aria-label="Path of the selection">
      {seen.map((id, index) => (
        <span key={id}>
          {index > 0 && <span class="graph-crumb-arrow">›</span>}
          {cut && index === 1 && <span class="graph-crumb-arrow">… ›</span>}
          <button
            type="button"
            class="graph-crumb"
            aria-current={id === selected ? "true" : undefined}
            onClick={() => model.select(id)}
          >
            <bdi>{safeName(model.hierarchy.nodes[id]?.name ?? "")}</bdi>
          </button>
        </span>
      ))}
    </nav>
  );
}

function DepthControl({ model }: { model: GraphModel }) {
  const depth = model.depth.value;
  const deepest = model.hierarchy.maxDepth + 1;
  return (
    <fieldset class="graph-icons">
      <legend class="hidden-visually">Depth</legend>
      <span aria-hidden="true">Depth</span>
      <IconButton label="Less deep" icon={MinusIcon} disabled={depth <= 1} onClick={() => model.setDepth(depth - 1)} />
      <output aria-label="Depth">{depth}</output>
      <IconButton
        label="Deeper"
        icon={PlusIcon}
        disabled={depth >= deepest}
        onClick={() => model.setDepth(depth + 1)}
      />
    </fieldset>
  );
}

interface IconButtonProps {
  label: string;
  disabled?: boolean;
  onClick: () => void;
  icon: ComponentType;
}

function IconButton({ label, disabled = false, onClick, icon: Icon }: IconButtonProps) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} disabled={disabled} onClick={onClick}>
      <Icon />
    </button>
  );
}
