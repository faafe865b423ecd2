// Tiles by keyboard: of all that a picture has one is in the tab order, arrows go from one to the next.

/** Goes to the next tile in the arrow's direction, by their places on the page. */
export function moveAmongTiles(event: KeyboardEvent & { currentTarget: Element }): void {
  const direction = ARROWS[event.key];
  const from = event.currentTarget;
  const root = from.closest("main");
  if (!root || !direction) return;
  const here = from.getBoundingClientRect();
  const ahead = [...root.querySelectorAll<HTMLElement>("[data-site]")].flatMap((tile) => {
    const box = tile.getBoundingClientRect();
    const [dx, dy] = [box.left - here.left, box.top - here.top];
    const along = dx * direction[0] + dy * direction[1];
    const aside = Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
    return along > 1 ? [{ tile, cost: along + 4 * aside }] : [];
  });
  event.preventDefault();
  event.stopPropagation();
  ahead.sort((a, b) => a.cost - b.cost)[0]?.tile.focus();
}

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
