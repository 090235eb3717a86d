// What the tree of a condition comes to: the same, operation by operation, as gantry_formats/conditions/.
// Both run the cases of tests/conformance/conditions.json.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Tree = { op: string; value?: Json; name?: string; slot?: string; of?: Tree[] };
export type Facts = {
  options?: Record<string, Json>;
  parameters?: Record<string, Record<string, Json>>;
  facts?: Record<string, Record<string, Json>>;
};

/** A number in the first unit of what it measures; no dimension for what is only counted. */
class Size {
  constructor(
    readonly value: number,
    readonly dimension: string,
  ) {}
}
const UNKNOWN = Symbol("unknown");
type Value = null | boolean | string | Size | Value[] | typeof UNKNOWN;

const ALIKE = 1e-9;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** If a condition is certainly true: what cannot be told does not hold. */
export function holds(tree: Tree, facts: Facts): boolean {
  return valueOf(tree, facts) === true;
}

/** True, false, or null where it cannot be told. */
export function verdict(tree: Tree, facts: Facts): boolean | null {
  const value = valueOf(tree, facts);
  return typeof value === "boolean" ? value : null;
}

/** The value of a tree, as JSON; what cannot be told is {"unknown": true}. */
export function evaluate(tree: Tree, facts: Facts): Json {
  return asJson(valueOf(tree, facts));
}

function size(value: number, dimension: string): Value {
  return Number.isFinite(value) ? new Size(value, dimension) : UNKNOWN;
}

function fromJson(item: Json | undefined): Value {
  if (item === undefined || item === null) return null;
  if (typeof item === "boolean" || typeof item === "string") return item;
  if (typeof item === "number") return size(item, "");
  if (Array.isArray(item)) return item.map(fromJson);
  const { number, dimension } = item;
  return typeof number === "number" && typeof dimension === "string" ? size(number, dimension) : UNKNOWN;
}

function asJson(value: Value): Json {
  if (value === UNKNOWN) return { unknown: true };
  if (value instanceof Size) {
    return value.dimension ? { number: value.value, dimension: value.dimension } : value.value;
  }
  return Array.isArray(value) ? value.map(asJson) : (value as Json);
}

/** A name of the map itself, never one that all objects have. */
function own<T>(map: Record<string, T> | undefined, name: string | undefined): T | undefined {
  return map !== undefined && name !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}

function valueOf(tree: Tree, facts: Facts): Value {
  switch (tree.op) {
    case "value":
      return fromJson(tree.value);
    case "option":
      return fromJson(own(facts.options, tree.name));
    case "parameter":
      return fromJson(own(own(facts.parameters, tree.slot), tree.name));
    case "fact":
      return fromJson(own(own(facts.facts, tree.slot), tree.name));
  }
  const parts = (tree.of ?? []).map((part) => valueOf(part, facts));
  const [a, b] = parts as [Value, Value];
  switch (tree.op) {
    case "list":
      return parts;
    case "and":
      return all(parts);
    case "or":
      return not(all(parts.map(not)));
    case "not":
      return not(a);
    case "==":
      return same(a, b);
    case "!=":
      return not(same(a, b));
    case "<":
      return before(a, b);
    case ">":
      return before(b, a);
    case "<=":
      return not(before(b, a));
    case ">=":
      return not(before(a, b));
    case "in":
      return within(a, b);
  }
  const sizes = parts.filter((part) => part instanceof Size);
  return sizes.length === parts.length ? computed(tree.op, sizes) : UNKNOWN;
}

/** False where one is false, whatever the others are; unknown where one cannot be told. */
function all(parts: Value[]): Value {
  if (parts.some((part) => part === false)) return false;
  return parts.every((part) => part === true) ? true : UNKNOWN;
}

function not(part: Value): Value {
  return typeof part === "boolean" ? !part : UNKNOWN;
}

function same(a: Value, b: Value): boolean | typeof UNKNOWN {
  if (a === UNKNOWN || b === UNKNOWN) return UNKNOWN;
  if (a instanceof Size && b instanceof Size) {
    return a.dimension === b.dimension ? alike(a.value, b.value) : UNKNOWN;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    const found = a.map((one, place) => same(one, b[place] as Value));
    return found.includes(false) ? false : found.includes(UNKNOWN) ? UNKNOWN : true;
  }
  return a === b;
}

function alike(a: number, b: number): boolean {
  return Math.abs(a - b) <= ALIKE * Math.max(Math.abs(a), Math.abs(b));
}

function before(a: Value, b: Value): boolean | typeof UNKNOWN {
  if (a instanceof Size && b instanceof Size && a.dimension === b.dimension) {
    return a.value < b.value && !alike(a.value, b.value);
  }
  if (typeof a === "string" && typeof b === "string" && DATE.test(a) && DATE.test(b)) return a < b;
  return UNKNOWN;
}

function within(one: Value, among: Value): Value {
  if (!Array.isArray(among)) return UNKNOWN;
  const found = among.map((other) => same(one, other));
  return found.includes(true) ? true : found.includes(UNKNOWN) ? UNKNOWN : false;
}

function computed(op: string, parts: Size[]): Value {
  const [a, b] = parts as [Size, Size];
  const oneKind = parts.every((part) => part.dimension === a.dimension);
  switch (op) {
    case "+":
      return oneKind ? size(a.value + b.value, a.dimension) : UNKNOWN;
    case "-":
      return oneKind ? size(a.value - b.value, a.dimension) : UNKNOWN;
    case "*":
      return a.dimension && b.dimension ? UNKNOWN : size(a.value * b.value, a.dimension || b.dimension);
    case "/":
      if (b.value === 0 || (b.dimension && !oneKind)) return UNKNOWN;
      return size(a.value / b.value, b.dimension ? "" : a.dimension);
    case "%":
      return b.value === 0 || !oneKind ? UNKNOWN : size(a.value % b.value, a.dimension);
    case "negative":
      return size(-a.value, a.dimension);
    case "min":
      return oneKind ? parts.reduce((least, part) => (part.value < least.value ? part : least)) : UNKNOWN;
    case "max":
      return oneKind ? parts.reduce((most, part) => (part.value > most.value ? part : most)) : UNKNOWN;
    case "abs":
      return size(Math.abs(a.value), a.dimension);
    case "floor":
      return size(Math.floor(a.value), a.dimension);
    case "ceil":
      return size(Math.ceil(a.value), a.dimension);
    case "round":
      return size(Math.floor(a.value + 0.5), a.dimension);
  }
  return UNKNOWN;
}
