import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";
import { signInEnded } from "./ended";

// Live parts are morphed, not replaced: focus, open details and scroll positions stay where they are.
htmx.defineExtension("morph", {
  isInlineSwap: (style: string) => style === "morph",
  handleSwap: (style: string, target: Node, fragment: Node) => {
    if (style !== "morph" || !(target instanceof Element)) return [];
    const fresh = fragment instanceof DocumentFragment ? fragment.firstElementChild : fragment;
    return Idiomorph.morph(target, fresh as Element, { morphStyle: "outerHTML" }) as Element[];
  },
} as unknown as Parameters<typeof htmx.defineExtension>[1]);

// A live part (`data-live`) of a tab that nobody looks at asks nothing; it asks again when it is looked at. When the
// portal does not answer, it asks ever more rarely: after 5, 10, 20 … 60 seconds.
interface Quiet {
  failures: number;
  until: number;
}

const quiet = new WeakMap<Element, Quiet>();
const asleep = new Set<Element>();

function wake(element: Element): void {
  if (element.isConnected) htmx.trigger(element, "wake");
}

function liveTarget(event: Event): Element | null {
  const element = event.target;
  return element instanceof Element && element.hasAttribute("data-live") ? element : null;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const element = liveTarget(event);
  if (!element) return;
  if (document.hidden) asleep.add(element);
  if (document.hidden || (quiet.get(element)?.until ?? 0) > Date.now()) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  asleep.forEach(wake);
  asleep.clear();
});

function failed(event: Event): void {
  const element = liveTarget(event);
  if (!element) return;
  const failures = (quiet.get(element)?.failures ?? 0) + 1;
  const pause = Math.min(60, 5 * 2 ** (failures - 1)) * 1000;
  quiet.set(element, { failures, until: Date.now() + pause - 50 });
  window.setTimeout(wake, pause, element);
}

document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:timeout", failed);
document.addEventListener("htmx:responseError", (event) => {
  const status = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr.status;
  if (status === 401) signInEnded();
  else failed(event);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const element = liveTarget(event);
  if (element && (event as CustomEvent<{ successful: boolean }>).detail.successful) quiet.delete(element);
});

export { htmx };
