// What can be written where the cursor is: keys, values and names, each with what is said of it.

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { isCondition, type Known, type Named, namedKeysAt, namesAt, wordsOfConditions } from "./names";
import { type Entry, type Place, readAt } from "./place";
import { keysAt, kindOf, type KeyOf, type Schema, schemasAt, shapeOf, valuesOf, wordsOf } from "./schema";

const WORD = /[\p{L}_][\w.]*$/u;
/** Text that YAML would read as something else, or that has a meaning in it. */
const QUOTED = /^[\s\-?:,[\]{}#&*!|>'"%@`]|[:#]\s|\s#|[,[\]{}]|:$|^$|^(true|false|null|~|[-+.\d]+)$/i;

function written(name: string): string {
  return QUOTED.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;
}

function ofKey(root: Schema, key: KeyOf, place: Place): Completion {
  const inside = " ".repeat(place.column + 2);
  const behind = { map: `\n${inside}`, list: `\n${inside}- `, value: " " }[place.flow ? "value" : shapeOf(root, key.schema)];
  const told = [
    wordsOf(root, key.schema),
    key.required ? "It must be there." : "",
    ["string", "number", "boolean"].includes(typeof key.schema.default) ? `Without it: ${String(key.schema.default)}.` : "",
  ].filter(Boolean);
  return {
    label: key.name,
    detail: kindOf(root, key.schema),
    apply: `${key.name}:${behind}`,
    boost: key.required ? 10 : 0,
    ...(told.length ? { info: told.join("\n") } : {}),
  };
}

function ofName({ name, of }: Named, boost = 5): Completion {
  return { label: name, detail: of, apply: written(name), boost };
}

function unique(options: Completion[]): Completion[] {
  const seen = new Set<string>();
  return options.filter(({ label }) => !seen.has(label) && seen.add(label));
}

function values(root: Schema, place: Place, entries: Entry[], known: Known): Completion[] {
  const several = schemasAt(root, place.path, entries);
  const fixed = valuesOf(several).map((label): Completion => {
    const one = several.find((each) => String(each.const) === label || each.enum?.map(String).includes(label));
    return { label, detail: "value", ...(one?.description ? { info: one.description } : {}) };
  });
  return [...namesAt(place.path, entries, known).map((one) => ofName(one)), ...fixed];
}

/** The kinds of a thing, such as of an option: all values of the key by which they are told apart. */
function kinds(root: Schema, place: Place, entries: Entry[]): Completion[] {
  const key = place.path.at(-1);
  if (typeof key !== "string") return [];
  const around = place.path.slice(0, -1);
  const others = entries.filter(({ path }) => path.length !== place.path.length || path.some((part, at) => part !== place.path[at]));
  return schemasAt(root, around, others).flatMap((one) => {
    const kind = one.properties?.[key];
    if (kind?.const === undefined) return [];
    return [{ label: String(kind.const), detail: "kind", ...(one.description ? { info: one.description } : {}) }];
  });
}

function keys(root: Schema, place: Place, entries: Entry[], word: string): Completion[] {
  const named = namedKeysAt(place.path, entries).map(
    ({ name, of }): Completion => ({ label: name, detail: of, apply: `${name}: `, boost: 5 }),
  );
  return [...named, ...keysAt(root, place.path, entries, word).map((key) => ofKey(root, key, place))];
}

/** The source of completions for a schema and what the site knows. */
export function completions(root: Schema, known: Known): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    const { entries, place } = readAt(context.state.doc.toString(), context.pos);
    if (!place || (!context.explicit && !asked(context, place))) return null;
    const typed = context.state.sliceDoc(place.from, context.pos);
    if (/^["']/.test(typed)) return null;
    if (place.what === "value" && isCondition(place.path)) {
      const word = WORD.exec(typed)?.[0] ?? "";
      const options = unique(wordsOfConditions(entries, known).map((one) => ({ ...ofName(one), apply: one.name })));
      return { from: context.pos - word.length, options, validFor: /^[\p{L}_][\w.]*$/u };
    }
    const key = context.state.sliceDoc(place.from, lineEnd(context, place)).replace(/:.*/, "").trim();
    const options =
      place.what === "key"
        ? [...values(root, place, entries, known), ...keys(root, place, entries, key)]
        : [...kinds(root, place, entries), ...values(root, place, entries, known)];
    const to = rest(context, place);
    return options.length ? { from: place.from, ...(to > context.pos ? { to } : {}), options: unique(options), filter: true } : null;
  };
}

function lineEnd(context: CompletionContext, place: Place): number {
  return context.state.doc.lineAt(place.from).to;
}

/** Up to where a completion of a key goes: over the key and the colon that stand there already. */
function rest(context: CompletionContext, place: Place): number {
  if (place.what !== "key") return context.pos;
  const behind = context.state.sliceDoc(context.pos, lineEnd(context, place));
  return context.pos + (/^\w*: ?/.exec(behind)?.[0].length ?? 0);
}

/** Unasked, it comes with a first letter, and where only a value can stand. */
function asked(context: CompletionContext, place: Place): boolean {
  const typed = context.state.sliceDoc(place.from, context.pos);
  return /[\p{L}_]/u.test(typed) || (place.what === "value" && typed === "");
}
