// The editor of the YAML's page. The text field stays what is sent and saved: the editor writes into it.

import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { completions } from "./complete";
import { look } from "./look";
import type { Known } from "./names";
import { readAt } from "./place";
import { followProblems, placeOf } from "./problems";
import { keysAt, type Schema } from "./schema";

function extensions(field: HTMLTextAreaElement, schema: Schema | null, known: Known): Extension {
  return [
    EditorView.cspNonce.of(field.dataset.nonce ?? ""),
    EditorView.contentAttributes.of({
      "aria-labelledby": "text-label",
      "aria-describedby": "text-hint text-keys",
      // What is edited takes the focus by itself; tools that look whether what scrolls is reached by keys want it said.
      tabindex: "0",
    }),
    look,
    lineNumbers(),
    lintGutter(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    indentUnit.of("  "),
    EditorState.tabSize.of(2),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    search(),
    yaml(),
    autocompletion({ override: schema ? [completions(schema, known)] : [], icons: false, maxRenderedOptions: 200 }),
    keymap.of([
      { key: "Tab", run: acceptCompletion },
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...lintKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      indentWithTab,
    ]),
  ];
}

/** What is written in one stands in the other; a reload or the page's own scripts write into the field. */
function mirror(field: HTMLTextAreaElement): Extension {
  return EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    const text = update.state.doc.toString();
    if (text === field.value) return;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

function begin(field: HTMLTextAreaElement, schema: Schema | null): void {
  const known = JSON.parse(field.dataset.known ?? "{}") as Known;
  const had = document.activeElement === field ? field.selectionStart : null;
  const view = new EditorView({
    doc: field.value,
    extensions: [extensions(field, schema, known), mirror(field)],
  });
  field.before(view.dom);
  field.hidden = true;
  field.addEventListener("input", () => {
    const text = view.state.doc.toString();
    if (field.value !== text) view.dispatch({ changes: { from: 0, to: text.length, insert: field.value } });
  });
  const lead = (from: number, to: number): void => {
    view.focus();
    view.dispatch({ selection: { anchor: from, head: to }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
  };
  const toLine = (line: number, column: number): void => {
    const { from } = placeOf(view.state, line, column);
    lead(from, view.state.doc.lineAt(from).to);
  };
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a[data-line]") : null;
    if (link) toLine(Number(link.dataset.line), Number(link.dataset.column));
  });
  window.addEventListener("hashchange", () => {
    const found = /^#line-(\d{1,6})$/.exec(window.location.hash);
    if (found) toLine(Number(found[1]), 1);
  });
  document.getElementById("text-label")?.addEventListener("click", () => view.focus());
  document.getElementById("text-keys")?.removeAttribute("hidden");
  if (had !== null) lead(had, field.selectionEnd);
  followProblems(view);
}

/** Without the schema there is the editor without completions: the portal checks the text all the same. */
async function schemaOf(field: HTMLTextAreaElement): Promise<Schema | null> {
  try {
    const answer = await fetch(field.dataset.schema ?? "");
    return answer.ok ? ((await answer.json()) as Schema) : null;
  } catch {
    return null;
  }
}

// What was built is what tests ask, too (tests/browser).
export { keysAt, readAt };

const field = document.querySelector<HTMLTextAreaElement>("textarea[data-yaml]");
if (field) void schemaOf(field).then((schema) => begin(field, schema));
