/** The datasets that are chosen beside the steps: all that the open page leads to goes along with them. */

const LIVE = "form[data-live-form]";
const NAME = /^(on$|with\.)/;
const LOOK_MS = 400;

/** What stands in the live form now, by name; nothing where there is none. */
function chosen(): Map<string, string> {
  const form = document.querySelector<HTMLFormElement>(LIVE);
  const found = new Map<string, string>();
  if (!form) return found;
  for (const [name, value] of new FormData(form)) if (NAME.test(name) && typeof value === "string") found.set(name, value);
  return found;
}

/** The pages of this draft that stand on a dataset: its steps, and their parts. */
function steps(): string[] {
  const links = document.querySelectorAll<HTMLAnchorElement>("#draft-steps a[href]");
  return [...links].map((link) => link.pathname);
}

/** An address of the draft with what is chosen now; any other address as it is. */
function along(address: string, pages: readonly string[], now: ReadonlyMap<string, string>): string {
  const url = new URL(address, window.location.href);
  if (url.origin !== window.location.origin) return address;
  if (!pages.some((page) => url.pathname === page || url.pathname.startsWith(`${page}/part/`))) return address;
  for (const [name, value] of now) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return `${url.pathname}${url.search}${url.hash}`;
}

/** Links, hidden fields and the open page's own address follow the choice at once, not at the next load alone. */
function takeAlong(): void {
  const now = chosen();
  const pages = steps();
  if (now.size === 0 || pages.length === 0) return;
  for (const link of document.querySelectorAll<HTMLAnchorElement>("main a[href]")) {
    const address = link.getAttribute("href") ?? "";
    const better = address.startsWith("#") ? address : along(address, pages, now);
    if (better !== address) link.setAttribute("href", better);
  }
  for (const field of document.querySelectorAll<HTMLInputElement>('input[type="hidden"]')) {
    const value = NAME.test(field.name) ? now.get(field.name) : undefined;
    if (value !== undefined) field.value = value;
  }
  const here = along(window.location.href, pages, now);
  if (here !== window.location.pathname + window.location.search + window.location.hash) {
    window.history.replaceState(window.history.state, "", here);
  }
}

let looking = 0;

/** The tree beside the step Data is of the dataset that was chosen; it is read anew where one stands open. */
function lookInto(select: HTMLSelectElement): void {
  const inside = document.querySelector<HTMLSelectElement>("#inside-dataset");
  const option = select.selectedOptions[0];
  if (!inside || !option?.value) return;
  const value = `${select.dataset.slot ?? "0"}.${option.value}`;
  if (![...inside.options].some((one) => one.value === value)) {
    const label = document.querySelector("[data-slot='1']") ? `${select.labels[0]?.textContent ?? ""}: ` : "";
    inside.add(new Option(`${label}${option.dataset.name ?? option.text}`, value), 0);
  }
  inside.value = value;
  window.clearTimeout(looking);
  if (!document.getElementById("inside-tree")) return;
  looking = window.setTimeout(() => inside.isConnected && inside.form?.requestSubmit(), LOOK_MS);
}

/** What finds datasets sends the live form as it stands, so that nothing typed there is lost by it. */
function withLive(form: Element, sent: FormData): void {
  const live = document.querySelector<HTMLFormElement>(LIVE);
  const words = form.querySelector<HTMLInputElement>('[name="find"]')?.value ?? "";
  if (live) {
    for (const name of [...sent.keys()]) sent.delete(name);
    for (const [name, value] of new FormData(live)) sent.append(name, value);
  }
  sent.set("find", words);
}

export function wireChosen(): void {
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLSelectElement) || !NAME.test(field.name) || !field.closest(LIVE)) return;
    takeAlong();
    lookInto(field);
  });
  document.addEventListener("htmx:afterSettle", takeAlong);
  document.addEventListener("htmx:configRequest", (event) => {
    const { detail } = event as CustomEvent<{ elt: Element; path: string; verb: string; formData: FormData }>;
    if (detail.elt.hasAttribute("data-find-data")) withLive(detail.elt, detail.formData);
    else if (detail.elt.hasAttribute("data-draft")) {
      detail.formData.set("find", document.querySelector<HTMLInputElement>("#find-words")?.value ?? "");
    } else if (detail.verb === "get") detail.path = along(detail.path, steps(), chosen());
  });
}
