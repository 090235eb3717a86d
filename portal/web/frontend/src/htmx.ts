import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";

// Live parts are morphed, not replaced: focus, open details and scroll positions stay where they are.
htmx.defineExtension("morph", {
  isInlineSwap: (style: string) => style === "morph",
  handleSwap: (style: string, target: Node, fragment: Node) => {
    if (style !== "morph" || !(target instanceof Element)) return [];
    const fresh = fragment instanceof DocumentFragment ? fragment.firstElementChild : fragment;
    return Idiomorph.morph(target, fresh as Element, { morphStyle: "outerHTML" }) as Element[];
  },
} as unknown as Parameters<typeof htmx.defineExtension>[1]);

// A tab that nobody looks at asks nothing; it asks again when it is looked at.
const asleep = new Set<Element>();

document.addEventListener("htmx:beforeRequest", (event) => {
  const element = event.target;
  if (document.hidden && element instanceof Element && element.hasAttribute("data-live")) {
    event.preventDefault();
    asleep.add(element);
  }
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of asleep) {
    if (element.isConnected) htmx.trigger(element, "wake");
  }
  asleep.clear();
});

// When the portal does not answer, ask again ever more rarely: 5, 10, 20 … 60 seconds.
const failures = new WeakMap<Element, number>();

function later(event: Event): void {
  const element = event.target;
  if (!(element instanceof Element) || !element.hasAttribute("data-live")) return;
  const count = (failures.get(element) ?? 0) + 1;
  failures.set(element, count);
  const seconds = Math.min(60, 5 * 2 ** (count - 1));
  window.setTimeout(() => {
    if (element.isConnected) htmx.trigger(element, "wake");
  }, seconds * 1000);
}

document.addEventListener("htmx:sendError", later);
document.addEventListener("htmx:timeout", later);
document.addEventListener("htmx:responseError", (event) => {
  const status = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr.status;
  // The sign-in ended: load the page again, which asks for a new one and comes back here.
  if (status === 401) window.location.reload();
  else later(event);
});

export { htmx };
