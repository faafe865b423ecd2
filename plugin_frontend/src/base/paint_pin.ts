// A finding's number on a canvas: the mark that it has in its card.

import type { Severity } from "../api/types";
import { font } from "./paint";

interface PinColours {
  bg: string;
  ink: string;
  bad: string;
  onBad: string;
}

const RADIUS = 8;

/** Its middle at x and y; `size` scales it. */
export function paintPin(
  context: CanvasRenderingContext2D,
  { number, severity }: { number: number; severity: Severity },
  x: number,
  y: number,
  { bg, ink, bad, onBad }: PinColours,
  size = 1,
): void {
  const looks: Record<Severity, [ground: string, sign: string, edge: string]> = {
    critical: [bad, onBad, bg],
    warning: [ink, bg, bg],
    note: [bg, ink, ink],
  };
  const [ground, sign, edge] = looks[severity];
  context.beginPath();
  context.arc(x, y, RADIUS * size, 0, 2 * Math.PI);
  context.fillStyle = ground;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 1.5 * size;
  context.stroke();
  context.font = font(11 * size, 500);
  context.fillStyle = sign;
  context.textAlign = "center";
  context.fillText(String(number), x, y + 0.5);
  context.textAlign = "left";
}
