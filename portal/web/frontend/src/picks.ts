import { idsOf, textsOf } from "./id-lists";

const STARTED = /^\/(jobs\/J-|batches\/|trials\/)/i;
const PREFIX = "gantry-picks";

interface Kept {
  /** The datasets that are ticked, in the order of ticking. */
  picks: string[];
  /** Those that a form was sent with; where a job came of it, the next visit begins without them. */
  sent: string[];
  /** Those of which jobs were started. */
  used: string[];
}

/** Ticks belong to a person: whoever signs in next in this tab has their own. */
function key(): string | null {
  const person = document.documentElement.dataset.person;
  return person ? `${PREFIX}:${person}` : null;
}

function load(): Kept {
  const texts = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  try {
    const found = JSON.parse(sessionStorage.getItem(key() ?? "") ?? "{}") as Partial<Kept>;
    return { picks: texts(found.picks), sent: texts(found.sent), used: texts(found.used) };
  } catch {
    return { picks: [], sent: [], used: [] };
  }
}

function save(kept: Kept): void {
  const name = key();
  if (name) sessionStorage.setItem(name, JSON.stringify(kept));
}

function forgetOthers(): void {
  const mine = key();
  if (!mine) return;
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith(PREFIX) && name !== mine) sessionStorage.removeItem(name);
  }
}

function boxes(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>("input[data-pick]")];
}

function number(text: string | undefined): number {
  return Number(text ?? "") || Infinity;
}

function show(picks: string[]): void {
  const bar = document.querySelector<HTMLElement>("[data-pick-bar]");
  if (!bar) return;
  bar.hidden = picks.length === 0;
  const most = number(bar.dataset.pickMost);
  const tooMany = picks.length > most;
  const words = picks.length === 1 ? "1 dataset ticked" : `${picks.length.toLocaleString("en")} datasets ticked`;
  const count = bar.querySelector("[data-pick-count]");
  if (count) count.textContent = tooMany ? `${words}; ${most.toLocaleString("en")} at most go together` : words;
  const button = bar.querySelector<HTMLButtonElement>("[data-pick-submit]");
  if (button) {
    button.textContent = `Analyse ${picks.length}`;
    button.disabled = tooMany;
  }
  // What is ticked on other pages of the list goes with the form too.
  const here = new Set(boxes().map((box) => box.value));
  const rest = bar.querySelector("[data-pick-rest]");
  rest?.replaceChildren(
    ...picks.filter((id) => !here.has(id)).map((id) => {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = "dataset";
      input.value = id;
      return input;
    }),
  );
}

/** The page as it is kept; the browser's own memory of ticks is older than ours. */
function restore(): void {
  const picks = load().picks;
  const ticked = new Set(picks);
  for (const box of boxes()) box.checked = ticked.has(box.value);
  show(picks);
}

function change(change: (picks: Set<string>) => void): void {
  const kept = load();
  const picks = new Set(kept.picks);
  change(picks);
  // Who ticks on goes on with what is ticked: none of it goes by itself any more.
  save({ ...kept, picks: [...picks], used: [] });
  show([...picks]);
}

let last: string | null = null;

/** Tick or untick one; with Shift all from the last one to this one. */
function tick(box: HTMLInputElement, range: boolean): void {
  const all = boxes();
  const from = all.findIndex((one) => one.value === last);
  const to = all.indexOf(box);
  const some = range && from >= 0 ? all.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
  last = box.value;
  change((picks) => {
    for (const one of some) {
      one.checked = box.checked;
      if (box.checked) picks.add(one.value);
      else picks.delete(one.value);
    }
  });
}

/** On a page that a form has led to: what was sent is used if a job came of it, and still ticked if not. */
function arrive(): void {
  const kept = load();
  const [visit] = performance.getEntriesByType("navigation");
  const type = visit instanceof PerformanceNavigationTiming ? visit.type : "navigate";
  if (type !== "navigate") {
    takeUp();
  } else if (kept.sent.length) {
    const used = STARTED.test(window.location.pathname) ? kept.sent : kept.used;
    save({ ...kept, sent: [], used });
  } else if (kept.used.length && boxes().length) {
    const used = new Set(kept.used);
    save({ picks: kept.picks.filter((id) => !used.has(id)), sent: [], used: [] });
  }
}

/** Whoever comes back to what was ticked goes on with it. */
function takeUp(): void {
  const kept = load();
  if (kept.used.length && boxes().length) save({ ...kept, used: [] });
}

function sent(form: HTMLFormElement): void {
  const kept = load();
  const picks = new Set(kept.picks);
  const ids = [...new FormData(form).values()].flatMap((value) => idsOf(String(value))).filter((id) => picks.has(id));
  if (ids.length) save({ ...kept, sent: ids });
}

/** What is ticked goes into an address, which holds no thousand fields: in the order of ticking, as one text if many. */
function shorten(data: FormData): void {
  const texts = textsOf(load().picks);
  if (!texts?.length) return;
  data.delete("dataset");
  for (const text of texts) data.append("dataset", text);
}

/** Ticks are kept while people search, page, go back and sign in again; the bar says how many there are. */
export function wirePicks(): void {
  forgetOthers();
  arrive();
  restore();
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box instanceof HTMLInputElement && box.hasAttribute("data-pick")) tick(box, shifted);
  });
  let shifted = false;
  document.addEventListener("keydown", (event) => (shifted = event.shiftKey), true);
  document.addEventListener("keyup", (event) => (shifted = event.shiftKey), true);
  document.addEventListener(
    "click",
    (event) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.isTrusted) shifted = event.shiftKey;
      const box = target?.closest("label")?.querySelector<HTMLInputElement>("input[data-pick]");
      if (!box || target === box || !event.shiftKey) return;
      // Firefox does not pass a click with Shift on from a label to its box.
      event.preventDefault();
      box.checked = !box.checked;
      tick(box, true);
    },
    true,
  );
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target?.closest("[data-pick-clear]")) return;
    change((picks) => picks.clear());
    restore();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful, xhr } = (event as CustomEvent<Answer>).detail;
    if (!successful || !(elt instanceof Element) || !elt.hasAttribute("data-pick-all")) return;
    const found = JSON.parse(xhr.responseText) as { ids: number[] };
    change((picks) => found.ids.forEach((id) => picks.add(String(id))));
    restore();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    if (form.hasAttribute("data-sign-out")) sessionStorage.removeItem(key() ?? "");
    else if (form.method === "post") sent(form);
  });
  document.addEventListener("formdata", (event) => {
    const form = event.target;
    if (form instanceof HTMLFormElement && form.hasAttribute("data-pick-form")) shorten(event.formData);
  });
  document.addEventListener("htmx:afterSwap", restore);
  document.addEventListener("htmx:afterSettle", restore);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) takeUp();
    restore();
  });
}

interface Answer {
  elt: unknown;
  successful: boolean;
  xhr: XMLHttpRequest;
}
