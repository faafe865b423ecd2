// What can be taken of a picture: a file of it, a copy, its numbers. Every form is made of the same SVG.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { look } from "./canvas";
import { useCopied } from "./copied";
import { downloadBlob, downloadCsv, downloadSvg } from "./download";
import { pngOf, standaloneSvg } from "./svg_file";

interface PictureMenuProps {
  /** Of the files, without ending. */
  name: string;
  /** Null: it can't be made now. */
  svg: () => string | null;
  csv?: (() => string) | undefined;
  /** Stands below what it is of, instead of upon it while the pointer is there. */
  below?: boolean;
}

export function PictureMenu({ name, svg, csv, below = false }: PictureMenuProps) {
  const [copied, copy] = useCopied((content: string) =>
    navigator.clipboard.write([new ClipboardItem({ "image/png": pngOf(content) })]),
  );
  const withSvg = (use: (content: string) => void) => () => {
    const content = svg();
    if (content !== null) use(content);
  };
  const forms: [form: string, take: () => void][] = [
    ["PNG", withSvg(async (content) => downloadBlob(`${name}.png`, await pngOf(content)))],
    ["SVG", withSvg((content) => downloadSvg(name, content))],
  ];
  if (csv) forms.push(["CSV", () => downloadCsv(name, csv())]);
  return (
    <div class={below ? "picture-menu below" : "picture-menu"}>
      {/* Browsers give pages a clipboard only on localhost and over https. */}
      {navigator.clipboard && (
        <button type="button" aria-label={`Copy ${name}`} onClick={withSvg(copy)}>
          {copied.value ? "Copied" : "Copy"}
        </button>
      )}
      {forms.map(([form, take]) => (
        <button key={form} type="button" aria-label={`Save ${name} as ${form}`} onClick={take}>
          {form}
        </button>
      ))}
    </div>
  );
}

interface SvgPictureProps {
  /** Absent: no menu. */
  exportName: string | undefined;
  csv: () => string;
  class?: string;
  /** One svg element, first. */
  children: ComponentChildren;
}

/** A picture that is made of elements instead of a canvas, with the same menu. */
export function SvgPicture({ exportName, csv, class: name = "", children }: SvgPictureProps) {
  const box = useRef<HTMLDivElement>(null);
  const svg = () => {
    const element = box.current?.querySelector("svg");
    return element ? standaloneSvg(element, look.value.bg) : null;
  };
  return (
    <div class={`picture ${name}`} ref={box}>
      {children}
      {exportName && <PictureMenu name={exportName} svg={svg} csv={csv} />}
    </div>
  );
}
