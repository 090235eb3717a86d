import { changed } from "./changed";
import { wireChosen } from "./drafts-chosen";

const AGAIN_MS = 10000;

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function isField(element: Element): element is Field {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

function held(field: Field): string {
  return field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)
    ? String(field.checked)
    : field.value;
}

/** What a field holds is what the portal has now: it is nobody's unsaved change any more. */
function settle(field: Field): void {
  if (field instanceof HTMLSelectElement) {
    for (const option of field.options) option.defaultSelected = option.selected;
  } else if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) {
    field.defaultChecked = field.checked;
  } else if (field.type !== "hidden") {
    field.defaultValue = field.value;
  }
}

function draft(element: unknown): HTMLFormElement | null {
  return element instanceof HTMLFormElement && element.hasAttribute("data-draft") ? element : null;
}

function say(words: string): void {
  const place = document.getElementById("draft-saved");
  if (!place) return;
  const note = document.createElement("span");
  note.className = "wrong";
  note.textContent = words;
  place.replaceChildren(note);
}

/** A field is marked as wrong as long as something stands beneath it, which follows what is saved. */
function markWrong(form: HTMLFormElement): void {
  for (const field of [...form.elements].filter(isField)) {
    const words = field.id ? document.getElementById(`${field.id}-wrong`) : null;
    if (!words) continue;
    if (words.hidden) field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
  }
}

/** The line that a link names is marked in the text, and seen. */
function lead(line: number, column: number): void {
  const text = document.querySelector<HTMLTextAreaElement>("[data-yaml]");
  if (!text) return;
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const from = start + Math.max(0, column - 1);
  text.focus();
  text.setSelectionRange(from, start + (lines[line - 1]?.length ?? 0));
  const height = text.scrollHeight / Math.max(1, lines.length);
  text.scrollTop = Math.max(0, (line - 4) * height);
}

function leadFromAddress(): void {
  const found = /^#line-(\d{1,6})$/.exec(window.location.hash);
  if (found) lead(Number(found[1]), 1);
}

/**
 * What is typed into the live form stands in it after a step was saved, too, and is saved with nothing.
 */
function keepLive(): void {
  const typed = new Map<string, string[]>();
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!(field instanceof Element) || !isField(field) || !field.form?.hasAttribute("data-live-form")) return;
    if (!/^(option\.|with\.|on$)/.test(field.name)) return;
    const texts = new FormData(field.form).getAll(field.name).filter((text) => typeof text === "string");
    typed.set(field.name, texts); // a range has two fields of one name, a box to tick a hidden one
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const { detail } = event as CustomEvent<{ elt: Element; formData: FormData }>;
    if (!draft(detail.elt)) return;
    for (const [name, texts] of typed) {
      detail.formData.delete(name);
      for (const text of texts) detail.formData.append(name, text);
    }
  });
}

/** A draft is saved as one types. What was not saved stays, is said, and is sent again. */
export function wireDrafts(): void {
  keepLive();
  wireChosen();
  const sent = new WeakMap<HTMLFormElement, Map<Field, string>>();
  let waiting = 0;
  let onward = "";
  const unsaved = (): HTMLFormElement | null => {
    const form = document.querySelector<HTMLFormElement>("form[data-draft]");
    return form && !form.dataset.sent && [...form.elements].some(changed) ? form : null;
  };
  const again = (form: HTMLFormElement): void => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => form.isConnected && form.dispatchEvent(new Event("again")), AGAIN_MS);
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = draft(event.target);
    if (form?.dataset.sent) event.preventDefault(); // the whole is on its way by a button, with what was typed
    else if (form) sent.set(form, new Map([...form.elements].filter(isField).map((field) => [field, held(field)])));
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = draft(event.target);
    if (!form) return;
    const answered = (event as CustomEvent<{ successful?: boolean }>).detail.successful === true;
    if (!answered) {
      onward = "";
      say("Not saved yet: the portal does not answer. What you typed stays here, and is sent again by itself.");
      again(form);
      return;
    }
    markWrong(form);
    if (document.getElementById("draft-saved")?.dataset.saved === "no") {
      onward = "";
      return;
    }
    for (const [field, value] of sent.get(form) ?? []) if (held(field) === value) settle(field);
    if (onward && !unsaved()) window.location.assign(onward);
  });
  // What was typed just before a link was followed is saved first.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const form = unsaved();
    if (event.defaultPrevented || !link || !form || !plain || link.target || link.hasAttribute("data-line")) return;
    if (onward === link.href || link.origin !== window.location.origin) return; // pressed again: she means it
    event.preventDefault();
    onward = link.href;
    form.dispatchEvent(new Event("again"));
  });
  // So is what was typed before a window was closed, as far as the browser sends it.
  window.addEventListener("pagehide", () => {
    const form = unsaved();
    const address = form?.getAttribute("hx-post");
    if (!form || !address) return;
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
    void fetch(address, { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } }).catch(() => undefined);
  });
  window.addEventListener("online", () => {
    const form = document.querySelector<HTMLFormElement>("form[data-draft]");
    if (form && [...form.elements].some(changed)) form.dispatchEvent(new Event("again"));
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a[data-line]") : null;
    if (!link || !document.querySelector("[data-yaml]")) return;
    event.preventDefault();
    lead(Number(link.dataset.line), Number(link.dataset.column));
  });
  window.addEventListener("hashchange", leadFromAddress);
  leadFromAddress();
}
