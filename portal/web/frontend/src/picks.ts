const KEY = "gantry-picks";

function load(): Set<string> {
  try {
    const list: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return new Set(Array.isArray(list) ? list.map(String) : []);
  } catch {
    return new Set();
  }
}

function save(picks: Set<string>): void {
  sessionStorage.setItem(KEY, JSON.stringify([...picks]));
}

function boxes(): NodeListOf<HTMLInputElement> {
  return document.querySelectorAll<HTMLInputElement>("input[data-pick]");
}

function show(picks: Set<string>): void {
  const bar = document.querySelector<HTMLElement>("[data-pick-bar]");
  if (!bar) return;
  bar.hidden = picks.size === 0;
  const one = picks.size === 1;
  const count = bar.querySelector("[data-pick-count]");
  if (count) count.textContent = one ? "1 dataset ticked" : `${picks.size} datasets ticked`;
  const button = bar.querySelector("[data-pick-submit]");
  if (button) button.textContent = `Analyse ${picks.size}`;
  // What is ticked on other pages of the list goes with the form too.
  const here = new Set([...boxes()].map((box) => box.value));
  const rest = bar.querySelector("[data-pick-rest]");
  rest?.replaceChildren(
    ...[...picks].filter((id) => !here.has(id)).map((id) => {
      const input = document.createElement("input");
      input.type = "hidden";
      input.name = "dataset";
      input.value = id;
      return input;
    }),
  );
}

/** Ticks are kept while people search and page; the bar says how many there are. */
export function wirePicks(): void {
  if (!document.querySelector("[data-pick-bar]")) return;
  const picks = load();
  const restore = () => {
    for (const box of boxes()) box.checked = picks.has(box.value);
    show(picks);
  };
  restore();
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.hasAttribute("data-pick")) return;
    if (box.checked) picks.add(box.value);
    else picks.delete(box.value);
    save(picks);
    show(picks);
  });
  document.querySelector("[data-pick-clear]")?.addEventListener("click", () => {
    picks.clear();
    save(picks);
    restore();
  });
  document.querySelector("[data-pick-form]")?.addEventListener("submit", () => sessionStorage.removeItem(KEY));
  document.addEventListener("htmx:afterSettle", restore);
  window.addEventListener("pageshow", restore);
}
