// An item of a list is drawn by its handle to another place. The list is saved as by the buttons Up and Down, which
// the keyboard has: with all that was typed, as one change that Undo takes back.

const EDGE_PX = 60;
const SCROLL_PX = 12;

interface Drag {
  item: HTMLElement;
  /** The items of the list in their order, without those of other lists. */
  items: HTMLElement[];
  to: number;
  y: number;
  scrolling: number;
}

function beginning(handle: Element, event: PointerEvent): Drag | null {
  const item = handle.closest<HTMLElement>("[data-place]");
  const list = item?.parentElement;
  if (!item || !list || event.button !== 0 || !event.isPrimary) return null;
  const items = [...list.querySelectorAll<HTMLElement>(":scope > [data-place]")];
  // Only the headings are seen meanwhile, and the one that is drawn stays where the pointer is.
  const before = handle.getBoundingClientRect().top;
  list.classList.add("arranging");
  window.scrollBy({ top: handle.getBoundingClientRect().top - before, behavior: "instant" });
  return { item, items, to: items.indexOf(item), y: event.clientY, scrolling: 0 };
}

/** The place that the item would have: behind all others whose middle is above the pointer. */
function placeAt(drag: Drag, y: number): number {
  return drag.items.filter((one) => {
    const box = one.getBoundingClientRect();
    return one !== drag.item && box.top + box.height / 2 < y;
  }).length;
}

function show(drag: Drag): void {
  const others = drag.items.filter((one) => one !== drag.item);
  const same = drag.to === drag.items.indexOf(drag.item);
  for (const [number, one] of others.entries()) {
    one.classList.toggle("drop-before", !same && number === drag.to);
    one.classList.toggle("drop-after", !same && number === others.length - 1 && drag.to === others.length);
  }
}

function end(drag: Drag): void {
  window.clearInterval(drag.scrolling);
  document.documentElement.classList.remove("dragging");
  for (const one of drag.items) one.classList.remove("dragged", "drop-before", "drop-after");
  const before = drag.item.getBoundingClientRect().top;
  drag.item.parentElement?.classList.remove("arranging");
  window.scrollBy({ top: drag.item.getBoundingClientRect().top - before, behavior: "instant" });
}

function send(drag: Drag): void {
  const form = drag.item.closest("form");
  const place = drag.item.dataset.place;
  if (!form || !place || drag.to === drag.items.indexOf(drag.item)) return;
  const button = document.createElement("button");
  button.type = "submit";
  button.name = "do";
  button.value = `${place}.to.${drag.to}`;
  button.hidden = true;
  form.append(button);
  form.requestSubmit(button);
}

/** Wires the handles of lists. */
export function wireDrag(): void {
  let drag: Drag | null = null;
  const follow = (): void => {
    if (!drag) return;
    const below = window.innerHeight - EDGE_PX;
    if (drag.y < EDGE_PX) window.scrollBy(0, -SCROLL_PX);
    else if (drag.y > below) window.scrollBy(0, SCROLL_PX);
    drag.to = placeAt(drag, drag.y);
    show(drag);
  };
  document.addEventListener("pointerdown", (event) => {
    const handle = event.target instanceof Element ? event.target.closest("[data-drag]") : null;
    drag = handle ? beginning(handle, event) : null;
    if (!handle || !drag) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    drag.item.classList.add("dragged");
    document.documentElement.classList.add("dragging");
    drag.scrolling = window.setInterval(follow, 30);
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.y = event.clientY;
    follow();
  });
  const stop = (done: boolean): void => {
    if (!drag) return;
    const held = drag;
    drag = null;
    end(held);
    if (done) send(held);
  };
  document.addEventListener("pointerup", () => stop(true));
  document.addEventListener("pointercancel", () => stop(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && stop(false));
  // The handle stands in the heading of its item, which a click would open.
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-drag]")) event.preventDefault();
  });
}
