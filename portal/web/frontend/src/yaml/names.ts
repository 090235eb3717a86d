// The names that a place takes: those that the document itself has, and those that the site knows.

import { beside } from "./schema";
import type { Entry, Path } from "./place";

export interface Known {
  types: string[];
  images: string[];
  instruments: string[];
  parameters: string[];
  facts: string[];
}

export interface Named {
  name: string;
  /** What has this name. */
  of: string;
}

const SLOTS = new Set(["input", "input_list", "input_folder", "slot", "needs_input"]);
const CONDITIONS = new Set(["when", "show_when", "memory", "time", "unless"]);
const OPTION_LISTS = new Set(["needs_options"]);

function namesIn(entries: Entry[], list: Path, of: string): Named[] {
  return entries
    .filter(
      ({ path }) =>
        path.length === list.length + 2 &&
        list.every((part, number) => path[number] === part) &&
        typeof path[list.length] === "number" &&
        path.at(-1) === "name",
    )
    .map(({ value }) => ({ name: value, of }))
    .filter(({ name }) => name);
}

function site(names: string[], of: string): Named[] {
  return names.map((name) => ({ name, of }));
}

function keysIn(entries: Entry[], path: Path, of: string): Named[] {
  return [...beside(entries, path).keys()].map((name) => ({ name, of }));
}

/** The values of a choice, each written as itself or with a label. */
function choicesOf(entries: Entry[], option: string): Named[] {
  const at = entries.find(({ path, value }) => path[0] === "options" && path[2] === "name" && value === option)?.path[1];
  return entries
    .filter(
      ({ path }) =>
        path[0] === "options" &&
        path[1] === at &&
        path[2] === "choices" &&
        (path.length === 4 || (path.length === 5 && path[4] === "value")),
    )
    .map(({ value }) => ({ name: value, of: `choice of ${option}` }));
}

const options = (entries: Entry[]): Named[] => namesIn(entries, ["options"], "option");

/** If the place holds an expression of conditions, in which a word is only a part. */
export function isCondition(path: Path): boolean {
  const key = path.at(-1);
  if (typeof key !== "string" || !CONDITIONS.has(key)) return false;
  if (["memory", "time"].includes(key)) return path[0] === "resources";
  return path[0] !== "program" && path[0] !== "methods";
}

/** The names that may stand in an expression. */
export function wordsOfConditions(entries: Entry[], known: Known): Named[] {
  const plain = known.parameters.filter((name) => /^[\p{L}_]\w*$/u.test(name));
  return [...options(entries), ...site(known.facts, "of the files"), ...site(plain, "parameter of datasets")];
}

/** The names that may be the value at a path; none where it is free text. */
export function namesAt(path: Path, entries: Entry[], known: Known): Named[] {
  const names = path.filter((part): part is string => typeof part === "string");
  const key = names.at(-1) ?? "";
  const within = names.at(-2) ?? "";
  const item = typeof path.at(-1) === "number";
  if (SLOTS.has(key) && !item) return namesIn(entries, ["inputs"], "input");
  if (key === "option" || (key === "file" && path[0] === "program")) return options(entries);
  if (key === "when" && within === "command") return options(entries);
  if (OPTION_LISTS.has(key) && item) return options(entries);
  if (key === "written" && path[0] === "program" && path.length > 2) return keysIn(entries, ["program", "written"], "file");
  if (key === "default" && within === "resources") return namesIn(entries, ["resources", "variants"], "size");
  if (key === "default" && path[0] === "options") return defaults(path, entries);
  if (within === "only_with" && item) return choicesOf(entries, key);
  if (["when", "unless"].includes(within) && path[0] === "methods") return choicesOf(entries, key);
  if (within === "values" && path[0] === "presets") return choicesOf(entries, key);
  if (key === "figures" && item) return namesIn(entries, ["parameters"], "number of the result");
  if (path.length === 1 && key === "image") return site(known.images, "staged image");
  if (key === "dataset_types" || key === "dataset_type") return site(known.types, "type of datasets");
  if (key === "instruments" && item) return site(known.instruments, "instrument");
  if (key === "parameter") return site(known.parameters, "parameter of datasets");
  if (path[0] === "crop" && within === "crop" && key === "options") return options(entries);
  return [];
}

function defaults(path: Path, entries: Entry[]): Named[] {
  const name = entries.find(
    (entry) => entry.path[0] === "options" && entry.path[1] === path[1] && entry.path.length === 3 && entry.path[2] === "name",
  );
  return name ? choicesOf(entries, name.value) : [];
}

/** The names that may be keys of a map whose keys are names. */
export function namedKeysAt(path: Path, entries: Entry[]): Named[] {
  const key = path.at(-1);
  if (["when", "unless"].includes(String(key)) && path[0] === "methods") return options(entries);
  if (key === "only_with" || (key === "values" && (path[0] === "presets" || path[0] === "crop"))) return options(entries);
  return [];
}
