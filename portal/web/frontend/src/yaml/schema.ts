// What the published JSON Schema says of a place in the document.

import type { Entry, Path } from "./place";

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

/** A key that may stand somewhere: all that is said of it, by the kinds of things that have it. */
export interface KeyOf {
  name: string;
  schema: Schema;
  required: boolean;
}

function flat(root: Schema, schema: Schema, depth = 0): Schema[] {
  if (depth > 12) return [];
  if (schema.$ref) {
    const found = root.$defs?.[schema.$ref.replace("#/$defs/", "")];
    const said = schema.description ?? found?.description;
    return found ? flat(root, { ...found, ...(said ? { description: said } : {}) }, depth + 1) : [];
  }
  const several = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (several.length) return several.flatMap((one) => flat(root, one, depth + 1));
  return schema.type === "null" ? [] : [schema];
}

/** What is written beside each other at a path. */
export function beside(entries: Entry[], path: Path): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of entries) {
    if (entry.path.length <= path.length || !path.every((part, number) => entry.path[number] === part)) continue;
    const key = entry.path[path.length];
    if (typeof key !== "string") continue;
    if (entry.path.length === path.length + 1) found.set(key, entry.value);
    else if (!found.has(key)) found.set(key, "");
  }
  return found;
}

/** Of several that a thing may be, those that go with the keys and fixed values that it has. */
function fitting(root: Schema, several: Schema[], has: Map<string, string>): Schema[] {
  const maps = several.filter((one) => one.properties);
  if (maps.length < 2 || !has.size) return several;
  const fits = maps.filter((one) =>
    [...has].every(([key, value]) => {
      const asked = one.properties?.[key];
      if (!asked) return false;
      const fixed = flat(root, asked).flatMap((each) => each.enum ?? (each.const === undefined ? [] : [each.const]));
      return !value || !fixed.length || fixed.map(String).includes(value);
    }),
  );
  return fits.length ? fits : several;
}

/** All that may stand at a path. */
export function schemasAt(root: Schema, path: Path, entries: Entry[]): Schema[] {
  let now = fitting(root, flat(root, root), beside(entries, []));
  path.forEach((part, number) => {
    const next = now.flatMap((one) => {
      if (typeof part === "number") return one.items ? flat(root, one.items) : [];
      const named = one.properties?.[part];
      if (named) return flat(root, named);
      const loose = Object.values(one.patternProperties ?? {});
      if (typeof one.additionalProperties === "object") loose.push(one.additionalProperties);
      return loose.flatMap((each) => flat(root, each));
    });
    now = fitting(root, next, beside(entries, path.slice(0, number + 1)));
  });
  return now;
}

/** The keys that may stand in a map, without those that stand there. */
export function keysAt(root: Schema, path: Path, entries: Entry[], typed: string): KeyOf[] {
  const has = beside(entries, path);
  has.delete(typed);
  const found = new Map<string, KeyOf>();
  const maps = fitting(root, schemasAt(root, path, entries), has).filter((one) => one.properties);
  for (const one of maps) {
    for (const [name, schema] of Object.entries(one.properties ?? {})) {
      if (has.has(name) || found.has(name)) continue;
      const required = maps.every((each) => each.required?.includes(name) ?? false);
      found.set(name, { name, schema, required });
    }
  }
  return [...found.values()];
}

/** The values that are all that may stand there; yes and no are such. */
export function valuesOf(schemas: Schema[]): string[] {
  const found = schemas.flatMap((one) => {
    if (one.enum) return one.enum;
    if (one.const !== undefined) return [one.const];
    return one.type === "boolean" ? [true, false] : [];
  });
  return [...new Set(found.map(String))];
}

/** What a key takes, in a word. */
export function kindOf(root: Schema, schema: Schema): string {
  const kinds = flat(root, schema).map((one) => {
    if (one.enum || one.const !== undefined) return "one of a few";
    const words: Record<string, string> = {
      string: "text",
      integer: "whole number",
      number: "number",
      boolean: "true or false",
      array: "list",
      object: "map",
    };
    return words[String(one.type)] ?? "";
  });
  return [...new Set(kinds.filter(Boolean))].slice(0, 3).join(" or ");
}

/** What is to be written behind a key: what is in it stands on lines of its own, or on this one. */
export function shapeOf(root: Schema, schema: Schema): "map" | "list" | "value" {
  const found = flat(root, schema);
  const has = (type: string): boolean => found.length > 0 && found.every((one) => one.type === type);
  if (has("object")) return "map";
  const items = found.flatMap((one) => (one.items ? flat(root, one.items) : []));
  return has("array") && items.some((one) => one.type === "object") ? "list" : "value";
}

/** What is said of a key: its own words, those of what it is, or what is known of it otherwise. */
export function wordsOf(root: Schema, schema: Schema): string {
  if (schema.description) return schema.description;
  const found = flat(root, schema).map((one) => one.description);
  return found.length === 1 ? (found[0] ?? "") : "";
}
