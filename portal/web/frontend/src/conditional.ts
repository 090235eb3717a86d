import { type Facts, holds, type Json, type Tree } from "./conditions";

/** What the portal says with the page, and anew whenever something has changed: portal/form/conditions/page.py. */
interface Said {
  options: Option[];
  /** Of each job what blank fields stand for, and what is known of its datasets. */
  jobs: { options: Record<string, Json>; known: Facts[] }[];
  /** Numbers as the portal read them that were typed in any way that people write them. */
  read: Record<string, [string, Json]>;
  why: Record<string, string>;
  /** Of choices, the values that cannot be chosen now, and why. */
  unoffered: Record<string, Record<string, string>>;
}

interface Option {
  name: string;
  label: string;
  kind: string;
  required: boolean;
  size?: number;
  dimension?: string;
  when?: Tree;
  because?: string;
  /** Values that can be chosen only with certain other options. */
  offered?: Record<string, { when: Tree; because: string }>;
}

/** What is asked for, and what cannot be chosen: in every job, for every dataset. */
interface Found {
  asked: Set<string>;
  unoffered: Map<string, Set<string>>;
}

const PLAIN = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$/;
type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function theForm(): HTMLFormElement | null {
  return document.querySelector<HTMLFormElement>("form#start");
}

function said(): Said | null {
  const text = document.getElementById("conditions")?.dataset.conditions;
  return text ? (JSON.parse(text) as Said) : null;
}

function controlsOf(within: ParentNode, name: string): Control[] {
  return [...within.querySelectorAll<Control>("input, select, textarea")].filter(
    (control) => control.name === `option.${name}` && control.type !== "hidden",
  );
}

/** The text in an option's field; of a box whether it is ticked. */
function textOf(form: HTMLFormElement, name: string): string | boolean {
  const [first] = controlsOf(form, name);
  if (first instanceof HTMLInputElement && first.type === "checkbox") return first.checked;
  return first?.value.trim() ?? "";
}

/** What a field stands for; undefined for what is to be taken as the portal says. */
function readBy(option: Option, text: string | boolean, read: Said["read"]): Json | undefined {
  if (option.kind === "other") return undefined;
  if (typeof text === "boolean") return text;
  if (!text) return undefined;
  if (option.kind !== "integer" && option.kind !== "float") return text;
  const known = read[option.name];
  if (known && known[0].trim() === text) return known[1];
  if (!PLAIN.test(text)) return null;
  const number = Number(text);
  if (option.size === undefined || option.dimension === undefined) return number;
  return { number: number * option.size, dimension: option.dimension };
}

function found(form: HTMLFormElement, { options, jobs, read }: Said): Found {
  const typed = new Map(options.map((option) => [option.name, readBy(option, textOf(form, option.name), read)]));
  const asked = new Set(options.map((option) => option.name));
  const unoffered = new Map(options.map((option) => [option.name, new Set<string>()]));
  for (const job of jobs) {
    const values: Record<string, Json> = Object.create(null) as Record<string, Json>;
    const all = (tree: Tree) => job.known.every((known) => holds(tree, { ...known, options: values }));
    for (const { name, when, offered } of options) {
      if (!when || all(when)) {
        for (const [value, one] of Object.entries(offered ?? {})) {
          if (!all(one.when)) unoffered.get(name)?.add(value);
        }
        const value = typed.get(name);
        values[name] = value === undefined ? (job.options[name] ?? null) : value;
        for (const end of ["low", "high"].map((one) => `${name}.${one}`)) values[end] = job.options[end] ?? null;
      } else {
        asked.delete(name);
      }
    }
  }
  return { asked, unoffered };
}

/** Values that cannot be chosen are greyed, with the reason; one that is chosen already stays, and the portal objects. */
function grey(form: HTMLFormElement, option: Option, unoffered: Set<string>, why: Record<string, string>): void {
  for (const control of controlsOf(form, option.name)) {
    if (!(control instanceof HTMLSelectElement)) continue;
    for (const item of control.options) {
      const offered = option.offered?.[item.value];
      if (!offered) continue;
      const not = unoffered.has(item.value);
      const reason = why[item.value] || offered.because || "not with what is chosen";
      item.text = not ? `${item.dataset.label} (${reason})` : (item.dataset.label ?? item.value);
      item.disabled = not && !item.selected;
    }
  }
}

function placesOf(form: HTMLFormElement): HTMLElement[] {
  return [...form.querySelectorAll<HTMLElement>("[data-when]")];
}

function holdsSomething(place: HTMLElement, name: string): boolean {
  return controlsOf(place, name).some((control) =>
    control instanceof HTMLInputElement && ["checkbox", "radio"].includes(control.type)
      ? control.checked
      : control.value.trim() !== "",
  );
}

/** Hides what is not asked for and shows what is. What stands in a field stays there. */
function follow(tell: boolean): void {
  const form = theForm();
  if (!form) return;
  const known = said();
  form.toggleAttribute("data-conditional", known !== null);
  if (!known) return;
  const { asked, unoffered } = found(form, known);
  for (const option of known.options) {
    if (option.offered) grey(form, option, unoffered.get(option.name) ?? new Set(), known.unoffered[option.name] ?? {});
  }
  const gone: string[] = [];
  const come: string[] = [];
  for (const place of placesOf(form)) {
    const option = known.options.find((one) => one.name === place.dataset.when);
    if (!option) continue;
    const shown = asked.has(option.name);
    if (shown === place.hasAttribute("data-unmet")) {
      if (shown) come.push(option.label);
      else if (holdsSomething(place, option.name)) gone.push(option.label);
    }
    place.toggleAttribute("data-unmet", !shown);
    const why = place.querySelector("[data-why]");
    if (why && !shown) why.textContent = known.why[option.name] ?? option.because ?? "";
    for (const control of controlsOf(place, option.name)) {
      if (option.required && shown && option.kind !== "boolean") control.setAttribute("aria-required", "true");
    }
  }
  if (tell && (gone.length || come.length)) announce(gone, come);
}

function announce(gone: string[], come: string[]): void {
  const place = document.getElementById("conditions-told");
  if (!place) return;
  const words = come.length ? [`Asked for now: ${come.join(", ")}.`] : [];
  if (gone.length) words.push(`Not asked for now: ${gone.join(", ")}. What stands there is kept, and not used.`);
  place.textContent = words.join(" ");
}

/** What is not asked for is sent beside the rest: it is shown again, and judged by nobody. */
function setAside(event: FormDataEvent): void {
  const form = theForm();
  if (event.target !== form || !form?.hasAttribute("data-conditional")) return;
  for (const place of placesOf(form)) {
    const name = place.dataset.when ?? "";
    const texts = event.formData.getAll(`option.${name}`);
    if (!place.hasAttribute("data-unmet") || !texts.length) continue;
    event.formData.delete(`option.${name}`);
    const box = texts.length > 1 && controlsOf(place, name).length === 1; // behind a hidden "false"
    for (const text of box ? texts.slice(-1) : texts) event.formData.append(`aside.${name}`, text);
  }
}

export function wireConditional(): void {
  follow(false);
  const changed = (event: Event) => {
    if (event.target instanceof Element && event.target.closest("form") === theForm()) follow(true);
  };
  document.addEventListener("input", changed);
  document.addEventListener("change", changed);
  document.addEventListener("htmx:afterSettle", () => follow(true));
  document.addEventListener("formdata", setAside);
  window.addEventListener("pageshow", () => follow(false));
}
