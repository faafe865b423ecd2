// A drawing context that writes SVG: the painters of the canvas draw the export as well.

/** Zoom, then the shift. */
interface Matrix {
  x: number;
  y: number;
  zoom: number;
}

const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/[^\P{Cc}\n]/gu, "");

/** What a painter draws, as an SVG file on a ground; null where the browser has no canvas to measure texts with. */
export function drawSvg(
  { width, height }: { width: number; height: number },
  ground: string,
  draw: (context: CanvasRenderingContext2D) => void,
): string | null {
  const ruler = document.createElement("canvas").getContext("2d");
  if (!ruler) return null;
  const context = new SvgContext(ruler);
  // It has all of a context that the painters use; the interface has much that they don't.
  draw(context as unknown as CanvasRenderingContext2D);
  return context.file(width, height, ground);
}

/** As much of a canvas context as the painters use. */
export class SvgContext {
  fillStyle = "#000";
  strokeStyle = "#000";
  lineWidth = 1;
  font = "12px sans-serif";
  textAlign: CanvasTextAlign = "left";
  textBaseline: CanvasTextBaseline = "alphabetic";
  globalAlpha = 1;
  lineJoin = "miter";
  lineCap = "butt";
  imageSmoothingEnabled = true;
  #dash: readonly number[] = [];
  #path: string[] = [];
  #clipId = "";
  #clips = 0;
  readonly #parts: string[] = [];
  readonly #stack: { matrix: Matrix; clipId: string; dash: readonly number[]; styles: object }[] = [];
  #matrix: Matrix = { x: 0, y: 0, zoom: 1 };
  /** Where the path is, in the painter's own coordinates. */
  #at: [number, number] = [0, 0];

  /** Texts are measured by a real context. */
  constructor(private readonly ruler: CanvasRenderingContext2D) {}

  /** The whole file. */
  file(width: number, height: number, ground: string): string {
    const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
    const back = `<rect width="${width}" height="${height}" fill="${ground}"/>`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${back}${this.#parts.join("")}</svg>`;
  }

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, font, textAlign, textBaseline, globalAlpha, lineJoin } = this;
    const styles = { fillStyle, strokeStyle, lineWidth, font, textAlign, textBaseline, globalAlpha, lineJoin };
    this.#stack.push({ matrix: this.#matrix, clipId: this.#clipId, dash: this.#dash, styles });
  }

  restore(): void {
    const last = this.#stack.pop();
    if (!last) return;
    this.#matrix = last.matrix;
    this.#clipId = last.clipId;
    this.#dash = last.dash;
    Object.assign(this, last.styles);
  }

  translate(x: number, y: number): void {
    const [toX, toY] = this.#place(x, y);
    this.#matrix = { ...this.#matrix, x: toX, y: toY };
  }

  scale(by: number): void {
    this.#matrix = { ...this.#matrix, zoom: this.#zoom * by };
  }

  setLineDash(dash: number[]): void {
    this.#dash = dash;
  }

  measureText(text: string): TextMetrics {
    this.ruler.font = this.font;
    return this.ruler.measureText(text);
  }

  beginPath(): void {
    this.#path = [];
  }

  moveTo(x: number, y: number): void {
    this.#go("M", x, y);
  }

  /** The first point of a path is where it begins, whatever leads to it. */
  lineTo(x: number, y: number): void {
    this.#go(this.#path.length > 0 ? "L" : "M", x, y);
  }

  closePath(): void {
    this.#path.push("Z");
  }

  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.#go(`C${this.#point(x1, y1)} ${this.#point(x2, y2)} `, x, y);
  }

  /** A corner of right angles; `radius` is cut where the way there is shorter. */
  arcTo(x1: number, y1: number, x2: number, y2: number, radius: number): void {
    const [fromX, fromY] = this.#at;
    const [beforeX, beforeY] = [x1 + Math.sign(fromX - x1) * radius, y1 + Math.sign(fromY - y1) * radius];
    const [afterX, afterY] = [x1 + Math.sign(x2 - x1) * radius, y1 + Math.sign(y2 - y1) * radius];
    this.lineTo(beforeX, beforeY);
    this.#go(`Q${this.#point(x1, y1)} `, afterX, afterY);
  }

  arc(x: number, y: number, radius: number, _start: number, _end: number): void {
    this.roundRect(x - radius, y - radius, 2 * radius, 2 * radius, radius);
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.roundRect(x, y, width, height, 0);
  }

  roundRect(x: number, y: number, width: number, height: number, radius: number): void {
    const r = Math.max(0, Math.min(radius, width / 2, height / 2)) * this.#zoom;
    const [w, h] = [round(width * this.#zoom - 2 * r), round(height * this.#zoom - 2 * r)];
    const turn = (toX: number, toY: number) =>
      r > 0 ? `a${round(r)} ${round(r)} 0 0 1 ${round(toX)} ${round(toY)}` : "";
    const [left, top] = this.#place(x, y);
    const sides = `h${w}${turn(r, r)}v${h}${turn(-r, r)}h${-w}${turn(-r, -r)}v${-h}${turn(r, -r)}`;
    this.#path.push(`M${round(left + r)} ${round(top)}${sides}Z`);
  }

  fill(): void {
    this.#put(`fill="${this.fillStyle}"`);
  }

  stroke(): void {
    const dash = this.#dash.length > 0 ? ` stroke-dasharray="${this.#dash.join(" ")}"` : "";
    this.#put(`fill="none" stroke="${this.strokeStyle}" stroke-width="${round(this.lineWidth * this.#zoom)}"${dash}`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.#drawRect(x, y, width, height, () => this.fill());
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.#drawRect(x, y, width, height, () => this.stroke());
  }

  /** Of the clips only the last one of a saved state counts: painters never nest them. */
  clip(): void {
    this.#clips += 1;
    this.#clipId = `clip${this.#clips}`;
    this.#parts.push(`<clipPath id="${this.#clipId}"><path d="${this.#path.join("")}"/></clipPath>`);
  }

  /** How large an image is drawn, for painters that reduce it first: a file may be enlarged, so twice its size. */
  getTransform(): Pick<DOMMatrix, "a"> {
    return { a: 2 * this.#zoom };
  }

  /** A part of an image (or all of it) into a rectangle; it is kept in the file, pixel by pixel. */
  drawImage(image: HTMLCanvasElement | OffscreenCanvas, ...numbers: number[]): void {
    const all = numbers.length > 4 ? numbers : [0, 0, image.width, image.height, ...numbers];
    const [left = 0, top = 0, columns = 0, rows = 0, x = 0, y = 0, width = 0, height = 0] = all;
    const part = document.createElement("canvas");
    part.width = columns;
    part.height = rows;
    part.getContext("2d")?.drawImage(image, left, top, columns, rows, 0, 0, columns, rows);
    const [atX, atY] = this.#place(x, y).map(round);
    const size = `width="${round(width * this.#zoom)}" height="${round(height * this.#zoom)}" preserveAspectRatio="none"`;
    const look = this.imageSmoothingEnabled ? "" : ' style="image-rendering:pixelated"';
    this.#parts.push(`<image x="${atX}" y="${atY}" ${size}${look} href="${part.toDataURL()}"${this.#shared()}/>`);
  }

  fillText(text: string, x: number, y: number): void {
    const [, weight = "400", size = "12"] = /(?:(\d+) )?([\d.]+)px/.exec(this.font) ?? [];
    const anchor = { center: "middle", right: "end", end: "end" }[this.textAlign as string] ?? "start";
    const middle = this.textBaseline === "middle" ? 0.35 * Number(size) : 0;
    const [left, top] = this.#place(x, y + middle);
    const place = `x="${round(left)}" y="${round(top)}" text-anchor="${anchor}"`;
    const look = `font-family="Roboto, system-ui, sans-serif" font-size="${round(Number(size) * this.#zoom)}" font-weight="${weight}"`;
    this.#parts.push(`<text ${place} ${look} fill="${this.fillStyle}"${this.#shared()}>${escapeXml(text)}</text>`);
  }

  #drawRect(x: number, y: number, width: number, height: number, draw: () => void): void {
    const path = this.#path;
    this.#path = [];
    this.rect(x, y, width, height);
    draw();
    this.#path = path;
  }

  #put(style: string): void {
    if (this.#path.length > 0) this.#parts.push(`<path d="${this.#path.join("")}" ${style}${this.#shared()}/>`);
  }

  #shared(): string {
    const clip = this.#clipId ? ` clip-path="url(#${this.#clipId})"` : "";
    return clip + (this.globalAlpha < 1 ? ` opacity="${this.globalAlpha}"` : "");
  }

  get #zoom(): number {
    return this.#matrix.zoom;
  }

  #go(how: string, x: number, y: number): void {
    this.#at = [x, y];
    this.#path.push(how + this.#point(x, y));
  }

  #point(x: number, y: number): string {
    return this.#place(x, y).map(round).join(" ");
  }

  #place(x: number, y: number): [number, number] {
    return [x * this.#zoom + this.#matrix.x, y * this.#zoom + this.#matrix.y];
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;
