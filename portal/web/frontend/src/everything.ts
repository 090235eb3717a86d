import { signInEnded } from "./ended";

const TYPING = "input, textarea, select, [contenteditable]";
const PAUSE_MS = 150;
const SILENT = "The portal does not answer. Press Enter to try again on a page of its own.";
const OFFLINE = "You are offline. What you search for stays here; it is asked for when the network is back.";

interface Search {
  dialog: HTMLDialogElement;
  field: HTMLInputElement;
  place: HTMLElement;
}

function search(): Search | null {
  const dialog = document.querySelector<HTMLDialogElement>("dialog[data-everything]");
  const field = dialog?.querySelector<HTMLInputElement>("[role=combobox]");
  const place = dialog?.querySelector<HTMLElement>("[data-everything-place]");
  return dialog && field && place ? { dialog, field, place } : null;
}

function options(place: HTMLElement): HTMLElement[] {
  return [...place.querySelectorAll<HTMLElement>("[role=option]")];
}

/** Marks one of the hits, or none, for eyes and for screen readers alike; the field keeps the focus. */
function choose({ field, place }: Search, which: number): void {
  const all = options(place);
  all.forEach((one, number) => one.setAttribute("aria-selected", String(number === which)));
  const chosen = all[which];
  if (chosen) field.setAttribute("aria-activedescendant", chosen.id);
  else field.removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}

function chosen(place: HTMLElement): number {
  return options(place).findIndex((one) => one.getAttribute("aria-selected") === "true");
}

let asked: AbortController | null = null;
let timer = 0;

async function ask(found: Search): Promise<void> {
  asked?.abort();
  const mine = (asked = new AbortController());
  const query = new URLSearchParams({ q: found.field.value });
  found.place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${found.dialog.dataset.hits ?? ""}?${query.toString()}`, {
      headers: { "HX-Request": "true" },
      signal: mine.signal,
    });
    if (answer.status === 401) {
      found.dialog.close();
      signInEnded(); // the page asks for a new one, unless something is typed on it
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    if (mine.signal.aborted) return;
    found.place.innerHTML = html;
    found.field.setAttribute("aria-expanded", String(options(found.place).length > 0));
    choose(found, options(found.place).length ? 0 : -1);
  } catch {
    if (!mine.signal.aborted) say(found, navigator.onLine ? SILENT : OFFLINE);
  } finally {
    if (asked === mine) found.place.removeAttribute("aria-busy");
  }
}

/** A sentence in the place of hits. */
function say({ field, place }: Search, words: string): void {
  const line = document.createElement("p");
  line.className = "muted small everything-found";
  line.setAttribute("role", "status");
  line.textContent = words;
  const list = document.createElement("div");
  list.id = "everything-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Found");
  place.replaceChildren(line, list);
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function open(text = ""): void {
  const found = search();
  if (!found || found.dialog.open) return;
  found.dialog.showModal();
  if (text) found.field.value = text;
  found.field.focus();
  found.field.select();
  if (text) {
    found.field.setSelectionRange(text.length, text.length);
    void ask(found);
  }
}

function onKey(event: KeyboardEvent): void {
  const found = search();
  if (!found) return;
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    open();
    return;
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "/" && plain && !(event.target instanceof Element && event.target.matches(TYPING))) {
    event.preventDefault();
    open();
    return;
  }
  if (event.target !== found.field || event.isComposing) return;
  const all = options(found.place);
  const now = chosen(found.place);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (all.length) choose(found, (now + step + all.length) % all.length);
  } else if (event.key === "Enter" && all[now] && !found.place.hasAttribute("aria-busy")) {
    event.preventDefault();
    all[now].click();
  }
}

/** Search everything: Ctrl-K, `/` or the field in the header opens it. Without a script that field leads to a page. */
export function wireEverything(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("input", (event) => {
    const found = search();
    if (!found) return;
    if (event.target === found.field) {
      asked?.abort();
      found.place.setAttribute("aria-busy", "true"); // what is shown is of another text
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void ask(found), PAUSE_MS);
      return;
    }
    const header = event.target instanceof HTMLInputElement && event.target.closest("[data-everything-open]");
    if (header && event.target instanceof HTMLInputElement) {
      const text = event.target.value;
      event.target.value = "";
      open(text);
    }
  });
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const found = search();
    if (event.target.closest("[data-everything-open]")) open();
    else if (found && (event.target === found.dialog || event.target.closest("[data-everything-close]"))) {
      found.dialog.close();
    }
  });
  // Enter without a network would take the page away, and give none.
  document.addEventListener("submit", (event) => {
    const found = search();
    if (!found || navigator.onLine || !(event.target instanceof HTMLFormElement) || !found.dialog.contains(event.target)) return;
    event.preventDefault();
    say(found, OFFLINE);
  });
  window.addEventListener("online", () => {
    const found = search();
    if (found?.dialog.open && found.field.value) void ask(found);
  });
  // Back from a hit shows the page as it was, without the dialog over it.
  window.addEventListener("pagehide", () => search()?.dialog.close());
}
