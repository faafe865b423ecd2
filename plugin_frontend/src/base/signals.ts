// Signals, and components that draw anew when one changes that they read: as @preact/signals does, but by public means of
// Preact, and without attributes and texts that are signals, which the page has none of.

import { Component, type ComponentType, Fragment, type FunctionComponent, options } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { computed, effect, type ReadonlySignal, type Signal, signal } from "./reactive";

export { batch, computed, effect, type ReadonlySignal, type Signal, signal, untracked } from "./reactive";

type Props = Record<string, unknown>;

/** Each function that draws has one class, or Preact would take a component for another at each drawing. */
const tracked = new Map<unknown, ComponentType>([[Fragment, Fragment]]);

options.vnode = (vnode) => {
  if (typeof vnode.type !== "function") return;
  const draw = vnode.type as FunctionComponent;
  const type = tracked.get(draw) ?? tracking(draw);
  // A class stands for itself: what Preact has drawn before it copies.
  tracked.set(draw, type).set(type, type);
  vnode.type = type;
};

/** Draws when its properties have changed, or a signal that it read the last time. */
function tracking(draw: FunctionComponent): ComponentType {
  return class extends Component {
    isStale = false;
    stop = () => {};

    override shouldComponentUpdate(next: Props): boolean {
      return this.isStale || isOther(next, this.props) || isOther(this.props, next);
    }

    override render() {
      let drawing: ReturnType<FunctionComponent> | undefined;
      this.stop();
      this.isStale = false;
      this.stop = effect(() => {
        if (drawing === undefined) drawing = draw(this.props) ?? null;
        else {
          this.isStale = true;
          this.setState({});
        }
      });
      return drawing;
    }

    override componentWillUnmount(): void {
      this.stop();
    }
  };
}

const isOther = (these: Props, those: Props): boolean => Object.keys(these).some((key) => these[key] !== those[key]);

/** A signal of the component's own. */
export function useSignal<T>(first: T): Signal<T> {
  return useMemo(() => signal(first), []);
}

/** Computed by what the last drawing gave, from signals alone. */
export function useComputed<T>(compute: () => T): ReadonlySignal<T> {
  const latest = useRef(compute);
  latest.current = compute;
  return useMemo(() => computed(() => latest.current()), []);
}
