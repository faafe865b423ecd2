import { render } from "preact";
import { expect, it } from "vitest";
import { signal } from "../../src/base/signals";
import { useSteadily } from "../../src/store/steady";

const settled = () => new Promise((done) => setTimeout(done));

it("shows what is under way before it asks for the newest key, and leaves out those between", async () => {
  const key = signal<number | null>(1);
  const asked: { key: number; answer: (text: string) => void }[] = [];
  const fetcher = (wanted: number) => new Promise<string>((answer) => asked.push({ key: wanted, answer }));
  const root = document.createElement("div");
  function Shown() {
    return <p>{useSteadily(key, fetcher).value.data}</p>;
  }
  render(<Shown />, root);
  await settled();
  key.value = 2;
  key.value = 3;
  await settled();
  expect(asked.map((request) => request.key)).toEqual([1]);
  asked[0]?.answer("first");
  await settled();
  expect(root.textContent).toBe("first");
  expect(asked.map((request) => request.key)).toEqual([1, 3]);
  asked[1]?.answer("third");
  await settled();
  expect(root.textContent).toBe("third");
  render(null, root);
});
