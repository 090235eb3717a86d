const CHOICE = "[data-sheet] [data-choice]";

/** On a sheet of values the arrow keys go from one to the next; Enter then uses it, as it does any link. */
export function wireSheets(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const here = event.target instanceof Element ? event.target.closest(CHOICE) : null;
    if (!here) return;
    const all = [...document.querySelectorAll<HTMLElement>(CHOICE)];
    const target = next(all, all.indexOf(here as HTMLElement), event.key);
    if (!target) return;
    event.preventDefault();
    target.focus();
  });
}

function next(all: HTMLElement[], place: number, key: string): HTMLElement | undefined {
  switch (key) {
    case "ArrowRight":
      return all[place + 1];
    case "ArrowLeft":
      return all[place - 1];
    case "ArrowDown":
      return inRow(all, place, 1);
    case "ArrowUp":
      return inRow(all, place, -1);
    case "Home":
      return all[0];
    case "End":
      return all[all.length - 1];
    default:
      return undefined;
  }
}

/** The one above or below: the nearest in that direction that does not stand in the same row. */
function inRow(all: HTMLElement[], place: number, step: number): HTMLElement | undefined {
  const here = all[place]?.closest("li")?.getBoundingClientRect();
  if (!here) return undefined;
  const beyond = all.filter((one) => {
    const box = one.closest("li")?.getBoundingClientRect();
    return box !== undefined && (step > 0 ? box.top >= here.bottom : box.bottom <= here.top);
  });
  const far = (one: HTMLElement) => {
    const box = one.closest("li")?.getBoundingClientRect();
    return box ? Math.abs(box.top - here.top) * 100 + Math.abs(box.left - here.left) : Infinity;
  };
  return beyond.sort((one, other) => far(one) - far(other))[0];
}
