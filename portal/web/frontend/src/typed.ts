import { changed } from "./changed";

const KEY = "gantry-typed";
const SIGN_IN = "/sign-in";
const NEVER = ["hidden", "password", "file"];

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

interface Typed {
  page: string;
  person: string;
  /** The reload led to the sign-in page: it is filled in once somebody has signed in. */
  waits: boolean;
  /** Which form, which field of it, and what it held. */
  fields: [number, string, string[]][];
}

function here(): string {
  return `${window.location.pathname}?${new URLSearchParams(window.location.search).toString()}`;
}

function forms(): HTMLFormElement[] {
  return [...document.forms].filter((form) => form.getAttribute("method")?.toLowerCase() === "post");
}

function fieldsOf(form: HTMLFormElement): Field[] {
  return [...form.elements].filter(
    (field): field is Field =>
      (field instanceof HTMLInputElement && !NEVER.includes(field.type)) ||
      field instanceof HTMLSelectElement ||
      field instanceof HTMLTextAreaElement,
  );
}

/** Fields of one name are told apart by their order; which of them holds what may differ after a reload. */
function namesOf(fields: Field[]): string[] {
  const seen = new Map<string, number>();
  return fields.map((field) => {
    const number = seen.get(field.name) ?? 0;
    seen.set(field.name, number + 1);
    return `${number} ${field.name}`;
  });
}

function read(field: Field): string[] {
  if (field instanceof HTMLSelectElement) return [...field.selectedOptions].map((option) => option.value);
  if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) {
    return [field.value, String(field.checked)];
  }
  return [field.value];
}

function write(field: Field, held: string[]): void {
  if (field instanceof HTMLSelectElement) {
    for (const option of field.options) option.selected = held.includes(option.value);
  } else if (field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type)) {
    if (field.value === held[0]) field.checked = held[1] === "true";
  } else {
    field.value = held[0] ?? "";
  }
}

function differs(field: Field): boolean {
  if (!(field instanceof HTMLSelectElement) || !field.multiple) return changed(field);
  return [...field.options].some((option) => option.selected !== option.defaultSelected);
}

function keep(): void {
  if (window.location.pathname === SIGN_IN) return; // there waits what was typed elsewhere
  const fields: Typed["fields"] = [];
  forms().forEach((form, place) => {
    const all = fieldsOf(form);
    namesOf(all).forEach((name, number) => {
      const field = all[number];
      if (field && differs(field)) fields.push([place, name, read(field)]);
    });
  });
  try {
    if (fields.length) {
      const person = document.documentElement.dataset.person ?? "";
      sessionStorage.setItem(KEY, JSON.stringify({ page: here(), person, waits: false, fields } satisfies Typed));
    } else {
      sessionStorage.removeItem(KEY);
    }
  } catch {
    return; // a browser that keeps nothing, or no more
  }
}

function put(typed: Typed): void {
  forms().forEach((form, place) => {
    const held = new Map(typed.fields.filter(([of]) => of === place).map(([, name, values]) => [name, values]));
    if (!held.size) return;
    const all = fieldsOf(form);
    namesOf(all).forEach((name, number) => {
      const field = all[number];
      const values = held.get(name);
      if (!field || !values) return;
      write(field, values);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    // What stands beside the form is to follow, once htmx has looked at the page.
    window.setTimeout(() => form.dispatchEvent(new Event("change", { bubbles: true })), 0);
  });
}

/** What was typed and not sent is there after a reload, which Chromium would forget; so it is where one had to sign in. */
export function wireTyped(): void {
  window.addEventListener("pagehide", keep);
  let typed: Typed | null;
  try {
    typed = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Typed | null;
    sessionStorage.removeItem(KEY);
  } catch {
    return;
  }
  if (!typed) return;
  const [visit] = performance.getEntriesByType("navigation");
  const again = typed.waits || (visit instanceof PerformanceNavigationTiming && visit.type === "reload");
  if (!again) return;
  if (window.location.pathname === SIGN_IN) {
    sessionStorage.setItem(KEY, JSON.stringify({ ...typed, waits: true }));
  } else if (typed.page === here() && typed.person === document.documentElement.dataset.person) {
    put(typed);
  }
}
