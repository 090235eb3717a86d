// What the portal's own check says of the text, marked where it is. The list beneath is that same answer.

import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import type { EditorState } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

const LIST = "draft-problems";

/** The place of a line and a column, from 1, and the end of the word that is there. */
export function placeOf(state: EditorState, line: number, column: number): { from: number; to: number } {
  const found = state.doc.line(Math.min(Math.max(1, line), state.doc.lines));
  const from = Math.min(found.from + Math.max(0, column - 1), found.to);
  const word = /^(?:[^\s:,{}[\]]+|.)/.exec(state.sliceDoc(from, found.to))?.[0] ?? "";
  return { from, to: from + word.length };
}

function listed(state: EditorState): Diagnostic[] {
  const links = document.querySelectorAll<HTMLElement>(`#${LIST} a[data-line]`);
  return [...links].map((link): Diagnostic => ({
    ...placeOf(state, Number(link.dataset.line), Number(link.dataset.column)),
    severity: link.dataset.certain === "no" ? "warning" : "error",
    message: link.querySelector("span:last-child")?.textContent ?? "",
  }));
}

/** Marks what is listed now, and again whenever the portal has answered. */
export function followProblems(view: EditorView): void {
  const mark = (): void => view.dispatch(setDiagnostics(view.state, listed(view.state)));
  mark();
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if ((event as CustomEvent<{ target?: Element }>).detail.target?.id === LIST) mark();
  });
}
