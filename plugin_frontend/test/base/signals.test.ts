// In calls of h(), as the tests' JSX gives each element properties of its own that say where it was made.

import { type FunctionComponent, h, render } from "preact";
import { useEffect } from "preact/hooks";
import { act } from "preact/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import { batch, type ReadonlySignal, type Signal, signal, useComputed, useSignal } from "../../src/base/signals";

const drawn = vi.fn();

function Line({ of, label }: { of: ReadonlySignal<number>; label: string }) {
  drawn(label);
  return `${label} ${of.value};`;
}

const text = () => document.body.textContent;
const show = <P extends object>(component: FunctionComponent<P>, props: P) =>
  act(() => render(h(component, props), document.body));
const set = <T>(target: Signal<T> | null, value: T) =>
  act(async () => {
    if (target) target.value = value;
  });

afterEach(() => act(() => render(null, document.body)));

test("a component draws anew, once, when what it read has changed, and its parent does not", async () => {
  const [first, second] = [signal(1), signal(1)];
  const parent = vi.fn();
  const Parent = () => {
    parent();
    return h("p", null, h(Line, { of: first, label: "a" }), h(Line, { of: second, label: "b" }));
  };
  show(Parent, {});
  drawn.mockClear();
  await act(async () =>
    batch(() => {
      first.value = 2;
      first.value = 3;
    }),
  );
  expect(text()).toBe("a 3;b 1;");
  expect(drawn.mock.calls).toEqual([["a"]]);
  expect(parent).toHaveBeenCalledTimes(1);
});

test("a parent that draws anew leaves alone what has the same properties", async () => {
  const [title, number] = [signal("one"), signal(1)];
  show(() => h("p", null, title.value, h(Line, { of: number, label: "a" })), {});
  drawn.mockClear();
  await set(title, "two");
  expect(text()).toBe("twoa 1;");
  expect(drawn).not.toHaveBeenCalled();
});

test("properties that came, went or changed are drawn", () => {
  const Either = (props: { a?: number; b?: number }) => h("p", null, JSON.stringify(props));
  for (const props of [{ a: 1 }, { b: 1 }, { b: 2 }, {}]) {
    show(Either, props);
    expect(text()).toBe(JSON.stringify(props));
  }
});

test("signals of its own are kept from drawing to drawing, and go with it", async () => {
  const outer = signal(1);
  let own: Signal<number> | null = null;
  const ended = vi.fn();
  const Counter = () => {
    own = useSignal(10);
    const mine = own;
    const sum = useComputed(() => outer.value + mine.value);
    useEffect(() => ended, []);
    return h("p", null, sum.value);
  };
  show(Counter, {});
  await set(own, 20);
  await set(outer, 2);
  expect(text()).toBe("22");
  await act(async () => render(null, document.body));
  expect(ended).toHaveBeenCalledOnce();
  expect(outer.readers.size).toBe(0);
});

test("what it writes as it draws is drawn, too", async () => {
  const count = signal(0);
  show(() => {
    if (count.value < 3) count.value += 1;
    return h("p", null, count.value);
  }, {});
  await act(async () => {});
  expect(text()).toBe("3");
});
