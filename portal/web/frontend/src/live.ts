import { htmx } from "./htmx";
import { somethingTyped } from "./changed";
import { answered, failedOnce } from "./connection";
import { signInEnded } from "./ended";

// A live part (`data-live`) of a tab that nobody looks at asks nothing; it asks again when it is looked at. When the
// portal does not answer, it asks ever more rarely: after 5, 10, 20 … 60 seconds.
interface Quiet {
  failures: number;
  until: number;
  timer: number;
}

const quiet = new Map<Element, Quiet>();
const asleep = new Set<Element>();
const RELOADED = "gantry-reloaded";
const ONCE_A_MINUTE = 60_000;

function wake(element: Element): void {
  const pause = quiet.get(element);
  if (pause) pause.until = 0;
  if (element.isConnected) htmx.trigger(element, "wake");
  else quiet.delete(element);
}

/** All that follows the portal asks now: the tab is looked at again, or the network is back. */
function wakeAll(): void {
  asleep.clear();
  document.querySelectorAll("[data-live]").forEach(wake);
  // What failed and is no live part (a search, what stands beside a form): it is asked for again.
  [...quiet.keys()].filter((element) => !element.hasAttribute("data-live")).forEach(wake);
}

function asking(event: Event): Element | null {
  const detail = (event as CustomEvent<{ elt?: unknown }>).detail;
  return detail.elt instanceof Element ? detail.elt : null;
}

function failed(event: Event): void {
  const element = asking(event);
  if (!element) return;
  const before = quiet.get(element);
  window.clearTimeout(before?.timer);
  const failures = (before?.failures ?? 0) + 1;
  const pause = Math.min(60, 5 * 2 ** (failures - 1)) * 1000;
  const timer = window.setTimeout(wake, pause, element);
  quiet.set(element, { failures, until: Date.now() + pause - 50, timer });
  // What a person asked for by hand is said at once where it does not come.
  failedOnce(element.hasAttribute("data-live") ? failures : 3);
}

/** Load the page again, which then says what is; but not again and again, and never over what was typed. */
function reload(): boolean {
  if (somethingTyped()) return false;
  const [path, at] = (sessionStorage.getItem(RELOADED) ?? "").split(" ");
  if (path === window.location.pathname && Date.now() - Number(at) < ONCE_A_MINUTE) return false;
  sessionStorage.setItem(RELOADED, `${window.location.pathname} ${Date.now()}`);
  window.location.reload();
  return true;
}

/** Live parts: asleep while nobody looks, ever rarer while nobody answers, awake as soon as it is worth it. */
export function wireLive(): void {
  document.addEventListener("htmx:beforeRequest", (event) => {
    const element = asking(event);
    if (!element?.hasAttribute("data-live")) return;
    if (document.hidden) asleep.add(element);
    if (document.hidden || (quiet.get(element)?.until ?? 0) > Date.now()) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (quiet.size) wakeAll();
    else asleep.forEach(wake);
    asleep.clear();
  });
  window.addEventListener("online", wakeAll);
  window.addEventListener("pageshow", (event) => {
    const [visit] = performance.getEntriesByType("navigation");
    const back = visit instanceof PerformanceNavigationTiming && visit.type === "back_forward";
    // What the browser had kept is as old as the visit: it is brought up to date at once.
    if (event.persisted || back) wakeAll();
  });
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
  document.addEventListener("htmx:responseError", (event) => {
    const status = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail.xhr.status;
    // The sign-in ended: the page is loaded again, or says so where something is typed.
    if (status === 401) signInEnded();
    // The thing is gone or no longer shared: its page says so. (A form's own 4xx is an answer about the form.)
    const gone = [403, 404, 410].includes(status) && asking(event)?.hasAttribute("data-live");
    if (gone && reload()) return;
    if (status === 401 || status >= 500 || gone) failed(event);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const element = asking(event);
    if (!element || !(event as CustomEvent<{ successful: boolean }>).detail.successful) return;
    window.clearTimeout(quiet.get(element)?.timer);
    quiet.delete(element);
    // Signed in again in another tab: what is typed here can be sent, with the token that the bell brings.
    if (element.id === "bell") document.querySelectorAll("[data-sign-in-ended]").forEach((note) => note.remove());
    // One answer tells that the portal is there: the others need not wait.
    if (answered()) wakeAll();
  });
}
