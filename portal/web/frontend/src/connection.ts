import { toast } from "./copy";

const POLLS = 3;
const HEARD = "gantry-heard";
const OTHER_DAY = 20 * 3600 * 1000;

type Trouble = "silent" | "offline";

let trouble: Trouble | null = null;
let failures = 0;
let heard = started();

/** When the portal last answered this tab: now, unless the browser has put back a page that it had kept. */
function started(): number {
  const [visit] = performance.getEntriesByType("navigation");
  const kept = visit instanceof PerformanceNavigationTiming && visit.type === "back_forward" && visit.transferSize === 0;
  return (kept && Number(sessionStorage.getItem(HEARD))) || Date.now();
}

function clock(moment: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const at = new Date(moment);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return Date.now() - moment > OTHER_DAY ? `${day} ${time}` : time;
}

function show(next: Trouble | null): void {
  const banner = document.querySelector<HTMLElement>("[data-connection]");
  if (!banner || next === trouble) return;
  trouble = next;
  banner.hidden = next === null;
  for (const words of banner.querySelectorAll<HTMLElement>("[data-when]")) {
    words.hidden = words.dataset.when !== next;
  }
  for (const since of banner.querySelectorAll("[data-since]")) since.textContent = clock(heard);
}

/** A request has failed, the so many-th of its element. */
export function failedOnce(number: number): void {
  failures = Math.max(failures, number);
  if (!navigator.onLine) show("offline");
  else if (failures >= POLLS) show("silent");
}

/** The portal has answered; true where it had been said that it does not. */
export function answered(): boolean {
  heard = Date.now();
  sessionStorage.setItem(HEARD, String(heard));
  failures = 0;
  if (trouble === null) return false;
  show(null);
  toast("Connected again. The page is up to date.");
  return true;
}

/** Offline is said at once; being online again is known when the portal answers. */
export function wireConnection(): void {
  sessionStorage.setItem(HEARD, String(heard));
  window.addEventListener("offline", () => failedOnce(1));
  if (!navigator.onLine) failedOnce(1);
  window.addEventListener("online", () => {
    if (trouble === "offline") show("silent");
  });
}
