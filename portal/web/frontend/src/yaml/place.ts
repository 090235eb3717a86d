// Where in a YAML text the cursor is: which key or value is being written, and what stands beside it.
// It reads what nobody has finished typing, so it goes by indents, hyphens and brackets, and refuses nothing.

export type Path = (string | number)[];

/** A key or an item with what is written for it, as far as that is one line. */
export interface Entry {
  path: Path;
  value: string;
}

export interface Place {
  /** The map or list around a key that is written; the path of the value itself where that is written. */
  path: Path;
  /** A key where the word may still become one; an item of a list may be both. */
  what: "key" | "value";
  /** Where the word that is written begins. */
  from: number;
  /** Within brackets, where all stands on one line. */
  flow: boolean;
  /** The column at which the key stands. */
  column: number;
}

export interface Reading {
  entries: Entry[];
  place: Place | null;
}

interface Frame {
  column: number;
  kind: "map" | "list";
  part: string | number;
}

/** What the next lines are: deeper than `block` they are text, before `flowUntil` they stand in brackets. */
interface Onward {
  block: number;
  flowUntil: number;
}

const KEY = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#&*!|>%@`[\]{},:"'][^#:]*?|[^\s#:[\]{},"'][^\s]*?)\s*:(?=\s|$)/;
const BLOCK = /^[|>][-+0-9]*\s*(#.*)?$/;
/** Texts beyond it are not looked at; a job type has some hundred lines. */
const MOST_LINES = 20000;

function unquoted(text: string): string {
  const word = text.trim();
  return /^".*"$|^'.*'$/.test(word) && word.length > 1 ? word.slice(1, -1) : word;
}

function withoutComment(text: string): string {
  return text.replace(/(^|\s)#.*$/, "");
}

/** Reads a text; `cursor` is the place that is asked about. */
export function readAt(text: string, cursor: number): Reading {
  const reader = new Reader(text, cursor);
  reader.read();
  return { entries: reader.entries, place: reader.place };
}

class Reader {
  readonly entries: Entry[] = [];
  place: Place | null = null;
  private readonly frames: Frame[] = [];
  private readonly lines: string[];

  constructor(
    private readonly text: string,
    private readonly cursor: number,
  ) {
    this.lines = text.split("\n").slice(0, MOST_LINES);
  }

  private path(): Path {
    return this.frames.map((frame) => frame.part);
  }

  read(): void {
    let start = 0;
    let inBlock = -1; // the column of the key whose block of text this is
    let flowUntil = -1;
    for (const line of this.lines) {
      const end = start + line.length;
      const here = this.cursor >= start && this.cursor <= end;
      const indent = line.length - line.trimStart().length;
      const empty = line.trim() === "";
      if (start < flowUntil) {
        // a line of brackets that were opened above
      } else if (inBlock >= 0 && (empty ? !here || this.cursor - start > inBlock : indent > inBlock)) {
        // text of a block
      } else {
        inBlock = -1;
        if (empty) {
          if (here) this.emptyLine(this.cursor - start);
        } else if (line.trimStart().startsWith("#")) {
          // a comment
        } else {
          const found = this.line(line, start, indent, here);
          inBlock = found.block;
          flowUntil = found.flowUntil;
        }
      }
      start = end + 1;
    }
  }

  /** What would be written here begins a key at this column. */
  private emptyLine(column: number): void {
    this.leave(column, "map");
    const path = this.path();
    this.place = { path, what: "key", from: this.cursor, flow: false, column };
  }

  /** Goes out of what is deeper than the column, and of what stands at it and is not gone on with. */
  private leave(column: number, kind: "map" | "list"): Frame | null {
    for (;;) {
      const last = this.frames.at(-1);
      if (!last || last.column < column) return null;
      if (last.column > column) {
        this.frames.pop();
      } else if (last.kind === kind) {
        this.frames.pop();
        return last;
      } else if (kind === "list") {
        return null; // items may stand at the column of their key
      } else {
        this.frames.pop();
      }
    }
  }

  private line(line: string, start: number, indent: number, here: boolean): Onward {
    let column = indent;
    let rest = line.slice(column);
    while (/^-(\s|$)/.test(rest)) {
      const before = this.leave(column, "list");
      const index = typeof before?.part === "number" ? before.part + 1 : 0;
      this.frames.push({ column, kind: "list", part: index });
      const gap = /^-\s*/.exec(rest)?.[0].length ?? 1;
      if (here && this.cursor - start <= column) return { block: -1, flowUntil: -1 };
      column += gap;
      rest = line.slice(column);
    }
    const key = KEY.exec(rest);
    if (!key) return this.scalar(rest, start + column, here, column, indent);
    this.leave(column, "map");
    const name = unquoted(key[1] ?? "");
    const keyEnd = start + column + (key[1]?.length ?? 0);
    if (here && this.cursor <= keyEnd && this.cursor >= start + column) {
      const path = this.path();
      this.place = { path, what: "key", from: start + column, flow: false, column };
    }
    this.frames.push({ column, kind: "map", part: name });
    const behind = rest.slice(key[0].length);
    const gap = behind.length - behind.trimStart().length;
    const at = column + key[0].length + gap;
    if (BLOCK.test(behind.trim())) {
      this.entries.push({ path: this.path(), value: "" });
      return { block: column, flowUntil: -1 };
    }
    return this.value(line.slice(at), start + at, here && this.cursor > keyEnd, column);
  }

  /** An item, or a word that may become a key. */
  private scalar(rest: string, at: number, here: boolean, column: number, indent: number): Onward {
    if (/^[[{]/.test(rest)) return this.value(rest, at, here, column);
    if (BLOCK.test(rest.trim())) return { block: indent, flowUntil: -1 };
    const item = this.frames.at(-1)?.kind === "list" && (this.frames.at(-1)?.column ?? 0) < column;
    if (!item) this.leave(column, "map");
    if (item) this.entries.push({ path: this.path(), value: unquoted(withoutComment(rest)) });
    if (here && this.cursor >= at && !/(^|\s)#/.test(rest.slice(0, this.cursor - at))) {
      this.place = { path: this.path(), what: "key", from: at, flow: false, column };
    }
    return { block: -1, flowUntil: -1 };
  }

  private value(rest: string, at: number, here: boolean, column: number): Onward {
    if (/^[[{]/.test(rest)) return { block: -1, flowUntil: this.flow(at) };
    const text = withoutComment(rest);
    this.entries.push({ path: this.path(), value: unquoted(text) });
    if (here && this.cursor - at <= text.length) {
      this.place = { path: this.path(), what: "value", from: Math.min(at, this.cursor), flow: false, column };
    }
    return { block: -1, flowUntil: -1 };
  }

  /** Maps and lists in brackets, which may go over lines; where they end. */
  private flow(at: number): number {
    const base = this.path();
    const inner: { map: boolean; key: string; index: number; named: boolean }[] = [];
    let token = at;
    let quote = "";
    const path = (): Path => [
      ...base,
      ...inner.flatMap((one): Path => (one.map ? (one.named ? [one.key] : []) : [one.index])),
    ];
    const done = (end: number, mayBeKey: boolean): void => {
      const last = inner.at(-1);
      const word = this.text.slice(token, end);
      const lead = word.length - word.trimStart().length;
      if (this.cursor >= token + lead && this.cursor <= end && last) {
        const key = last.map && !last.named;
        const what = key ? "key" : "value";
        this.place = { path: path(), what, from: token + lead, flow: true, column: 0 };
      } else if (this.cursor >= token && this.cursor < token + lead && last) {
        const what = last.map && !last.named ? "key" : "value";
        this.place = { path: path(), what, from: this.cursor, flow: true, column: 0 };
      }
      if (!mayBeKey && last && word.trim() && (!last.map || last.named)) {
        this.entries.push({ path: path(), value: unquoted(word) });
      }
    };
    let index = at;
    for (; index < this.text.length; index += 1) {
      const letter = this.text[index] ?? "";
      if (quote) {
        if (letter === "\\" && quote === '"') index += 1;
        else if (letter === quote) quote = "";
      } else if ((letter === '"' || letter === "'") && !this.text.slice(token, index).trim()) {
        quote = letter;
      } else if (letter === "{" || letter === "[") {
        inner.push({ map: letter === "{", key: "", index: 0, named: false });
        token = index + 1;
      } else if (letter === ":" && /[\s{["',}\]]|^$/.test(this.text[index + 1] ?? "") && inner.at(-1)?.map) {
        const last = inner.at(-1);
        done(index, true);
        if (last && !last.named) {
          last.key = unquoted(this.text.slice(token, index));
          last.named = true;
        }
        token = index + 1;
      } else if (letter === "," || letter === "}" || letter === "]") {
        done(index, false);
        const last = inner.at(-1);
        if (letter === ",") {
          if (last) {
            last.named = false;
            last.index += 1;
          }
        } else {
          inner.pop();
          if (!inner.length) return index + 1;
        }
        token = index + 1;
      } else if (letter === "#" && /\s/.test(this.text[index - 1] ?? "")) {
        while (index + 1 < this.text.length && this.text[index + 1] !== "\n") index += 1;
      } else if (letter === "\n" && this.unclosed(index)) {
        break; // brackets that nobody has closed yet end with their line
      }
    }
    done(index, false);
    return index;
  }

  /** If the next line begins a key of the document, and nothing within brackets. */
  private unclosed(at: number): boolean {
    const next = this.text.slice(at + 1, this.text.indexOf("\n", at + 1) + 1 || undefined);
    return /^\s*(-\s+)?[A-Za-z_]\w*:(\s|$)/.test(next) && !/[,}\]]\s*$/.test(next.trimEnd());
  }
}
