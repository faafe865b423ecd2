// Which part of the picture is seen, and how large. Pure.

export interface Size {
  width: number;
  height: number;
}

export interface Rect extends Size {
  x: number;
  y: number;
}

/** A point p of the picture is seen at p × zoom + (x, y). */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
}

/** A thousand open blocks, one below the other, still fit. */
export const LEAST_ZOOM = 0.0005;
export const MOST_ZOOM = 3;
const MARGIN = 16;
/** Below it text is too small to begin with; a picture that is too wide may be a little smaller. */
const LEAST_OPENING_ZOOM = 0.85;
const LEAST_WIDE_ZOOM = 0.75;

const clampZoom = (zoom: number): number => Math.min(Math.max(zoom, LEAST_ZOOM), MOST_ZOOM);

export const toPicture = (camera: Camera, x: number, y: number): { x: number; y: number } => ({
  x: (x - camera.x) / camera.zoom,
  y: (y - camera.y) / camera.zoom,
});

export const toScreen = (camera: Camera, rect: Rect): Rect => ({
  x: rect.x * camera.zoom + camera.x,
  y: rect.y * camera.zoom + camera.y,
  width: rect.width * camera.zoom,
  height: rect.height * camera.zoom,
});

/** Zooms by a factor; what is at the point of the screen stays there. */
export function zoomAt(camera: Camera, x: number, y: number, factor: number): Camera {
  const zoom = clampZoom(camera.zoom * factor);
  const under = toPicture(camera, x, y);
  return { zoom, x: x - under.x * zoom, y: y - under.y * zoom };
}

/** All of the picture in the middle, not enlarged. */
export function fitAll(picture: Size, screen: Size): Camera {
  const wide = (screen.width - 2 * MARGIN) / Math.max(picture.width, 1);
  const high = (screen.height - 2 * MARGIN) / Math.max(picture.height, 1);
  const zoom = clampZoom(Math.min(wide, high, 1));
  return {
    zoom,
    x: (screen.width - picture.width * zoom) / 2,
    y: (screen.height - picture.height * zoom) / 2,
  };
}

const CLOSE_ZOOM = 1.5;

/** A rectangle of the picture in the middle, as large as it fits but not larger than reads well. */
export function fitRect(rect: Rect, screen: Size): Camera {
  const room = 4 * MARGIN;
  const wide = (screen.width - room) / Math.max(rect.width, 1);
  const zoom = clampZoom(Math.min(wide, (screen.height - room) / Math.max(rect.height, 1), CLOSE_ZOOM));
  return {
    zoom,
    x: screen.width / 2 - (rect.x + rect.width / 2) * zoom,
    y: screen.height / 2 - (rect.y + rect.height / 2) * zoom,
  };
}

/** How a graph opens: text can be read, the beginning is at the top, the spine in the middle. */
export function openingCamera(picture: Size, anchor: number, screen: Size): Camera {
  const all = fitAll(picture, screen);
  if (all.zoom === 1) return { ...all, y: Math.min(all.y, 3 * MARGIN) };
  if (all.zoom >= LEAST_OPENING_ZOOM) return all;
  const wide = (screen.width - 2 * MARGIN) / picture.width;
  const zoom = Math.min(Math.max(wide, LEAST_WIDE_ZOOM), 1);
  const middle = wide < zoom ? anchor : picture.width / 2;
  return { zoom, x: screen.width / 2 - middle * zoom, y: MARGIN };
}

/** Moves no farther than needed to see a rectangle of the picture; one that is too large shows its beginning. */
export function reveal(camera: Camera, rect: Rect, screen: Size): Camera {
  const seen = toScreen(camera, rect);
  return {
    zoom: camera.zoom,
    x: camera.x + shift(seen.x, seen.width, screen.width),
    y: camera.y + shift(seen.y, seen.height, screen.height),
  };
}

function shift(start: number, length: number, room: number): number {
  if (start < MARGIN || length > room - 2 * MARGIN) return MARGIN - start;
  return Math.min(0, room - MARGIN - start - length);
}

/** Whether all of a rectangle of the picture is seen. */
export function isInView(camera: Camera, rect: Rect, screen: Size): boolean {
  const seen = toScreen(camera, rect);
  return seen.x >= 0 && seen.y >= 0 && seen.x + seen.width <= screen.width && seen.y + seen.height <= screen.height;
}

/** Keeps a point of the picture, which moved from one place to another, where it is on the screen. */
export const hold = (camera: Camera, before: { x: number; y: number }, after: { x: number; y: number }): Camera => ({
  zoom: camera.zoom,
  x: camera.x + (before.x - after.x) * camera.zoom,
  y: camera.y + (before.y - after.y) * camera.zoom,
});
