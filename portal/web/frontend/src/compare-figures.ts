/** What is computed for the comparison of two pictures; nothing here knows the page. */

export interface Shot {
  url: string;
  name: string;
  caption: string;
  href: string;
  width: number;
  height: number;
  /** The values that are black and white; null where they are not known. */
  ends: [number, number] | null;
  /** Width and height in micrometres; null where they are not known. */
  span: [number, number] | null;
}

export interface Layout {
  /** What one unit of both pictures' places is: micrometres, or nothing that is known. */
  known: boolean;
  /** Width and height of each in that unit. */
  sizes: [[number, number], [number, number]];
  /** What is to be known about how they lie on each other. */
  words: string;
  /** Whether a point of one is the same place as the point of the other on it. */
  register: boolean;
}

const ALIKE = 0.01;

function alike(one: number, other: number): boolean {
  return Math.abs(one - other) <= ALIKE * Math.max(Math.abs(one), Math.abs(other));
}

/** A length in words: 250 nm, 20 µm, 1.5 mm. */
export function length(um: number): string {
  const [number, unit] = um >= 1000 ? [um / 1000, "mm"] : um < 1 ? [um * 1000, "nm"] : [um, "µm"];
  return `${figure(number)} ${unit}`;
}

/** A number with three significant digits, thousands parted. */
export function figure(number: number): string {
  if (Number.isInteger(number) && Math.abs(number) < 1e6) return number.toLocaleString("en");
  const rounded = Number(number.toPrecision(3));
  if (rounded !== 0 && (Math.abs(rounded) >= 1e6 || Math.abs(rounded) < 1e-3)) {
    const [mantissa = "", power = "0"] = rounded.toExponential().split("e");
    return `${mantissa} × 10${[...String(Number(power))].map((one) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(one)] ?? "⁻").join("")}`;
  }
  return rounded.toLocaleString("en", { maximumSignificantDigits: 3 });
}

/** 1, 2 or 5 times a power of ten, not above `most`. */
export function niceLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((step) => step * power <= most) ?? 1) * power;
}

/** How the two lie on each other: by what they span where both say it, else by their frames, and so it is said. */
export function layout(a: Shot, b: Shot): Layout {
  if (a.span && b.span) {
    const same = alike(a.span[0], b.span[0]) && alike(a.span[1], b.span[1]);
    const spans = `${length(a.span[0])} × ${length(a.span[1])} and ${length(b.span[0])} × ${length(b.span[1])}`;
    return {
      known: true,
      sizes: [a.span, b.span],
      register: same,
      words: same
        ? ""
        : `They span ${spans}. Both are drawn at one scale, middle on middle; whether these are the same place is not known.`,
    };
  }
  const shapes = [a.width / a.height, b.width / b.height] as const;
  const same = alike(shapes[0], shapes[1]);
  const unknown = !a.span && !b.span ? "How much they span is not known" : `How much the ${a.span ? "result" : "input"} spans is not known`;
  return {
    known: false,
    sizes: [
      [shapes[0] >= 1 ? 1 : shapes[0], shapes[0] >= 1 ? 1 / shapes[0] : 1],
      [shapes[1] >= 1 ? 1 : shapes[1], shapes[1] >= 1 ? 1 / shapes[1] : 1],
    ],
    register: false,
    words: same
      ? `${unknown}: they lie frame on frame.`
      : `${unknown}, and their shapes differ: a point of one is not the same place as the point of the other on it.`,
  };
}

export interface Scale {
  ends: [number, number];
  common: boolean;
}

/** The values from which to which both have something to show; null where one of them does not say its values. */
export function commonEnds(a: Shot, b: Shot): [number, number] | null {
  if (!a.ends || !b.ends) return null;
  return [Math.min(a.ends[0], b.ends[0]), Math.max(a.ends[1], b.ends[1])];
}

/** Whether one scale shows anything of both: the narrower range is not lost within the wider. */
export function comparable(a: Shot, b: Shot): boolean {
  if (!a.ends || !b.ends) return false;
  const overlap = Math.min(a.ends[1], b.ends[1]) - Math.max(a.ends[0], b.ends[0]);
  return overlap > 0.02 * Math.max(a.ends[1] - a.ends[0], b.ends[1] - b.ends[0]);
}

/**
 * What each grey of a picture becomes. `window`: the values that are to be black and white, on the scale of both;
 * or, for a picture's own scale, parts of its range from 0 to 1.
 */
export function table(shot: Shot, window: [number, number], common: boolean): Uint8ClampedArray {
  const made = new Uint8ClampedArray(256);
  const [low, high] = common && shot.ends ? shot.ends : [0, 1];
  const span = Math.max(window[1] - window[0], Number.MIN_VALUE);
  for (let grey = 0; grey < 256; grey += 1) {
    const value = low + (grey / 255) * (high - low);
    made[grey] = Math.round((255 * (value - window[0])) / span);
  }
  return made;
}
