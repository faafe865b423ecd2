// SVG of the page as files of their own, and as pixels.

/** What the page's style sheets say of an element, and a file must say itself. */
const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font", "text-anchor"];

/** An element of the page with its looks, on a ground. */
export function standaloneSvg(element: SVGSVGElement, ground: string): string {
  const { width, height } = element.getBoundingClientRect();
  const copy = element.cloneNode(true) as SVGSVGElement;
  const originals = [...element.querySelectorAll("*")];
  copy.querySelectorAll<SVGElement>("*").forEach((part, index) => {
    const styles = originals[index] && getComputedStyle(originals[index]);
    for (const name of STYLES) part.style.setProperty(name, styles?.getPropertyValue(name) ?? "");
    part.removeAttribute("class");
  });
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.style.background = ground;
  return new XMLSerializer().serializeToString(copy);
}

/** Pixels for each of the picture's own: it is looked at on sharp screens, and in print. */
const PIXELS = 2;
/** Browsers refuse larger canvases. */
const LARGEST_SIDE = 16_000;
const LARGEST_AREA = 100e6;

/** At twice its size, or as large as a canvas can be. */
export async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const zoom = Math.min(PIXELS, LARGEST_SIDE / Math.max(width, height), Math.sqrt(LARGEST_AREA / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = width * zoom;
  canvas.height = height * zoom;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error("The picture is too large for a PNG: take the SVG.")),
    );
  });
}
