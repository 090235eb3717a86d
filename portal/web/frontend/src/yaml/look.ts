// The editor in the portal's own colours, which are those of the scheme that is on.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const wavy = (colour: string): Record<string, string> => ({
  backgroundImage: "none",
  textDecoration: `underline wavy ${colour}`,
  textDecorationSkipInk: "none",
  textUnderlineOffset: "3px",
});
/** CodeMirror's own marks are pictures within the styles, which the portal's policy does not load. */
const dot = (colour: string, round: string): Record<string, string> => ({
  content: "normal",
  width: "0.625rem",
  height: "0.625rem",
  margin: "0.375rem 0.125rem 0",
  borderRadius: round,
  background: colour,
});

export const look = [
  EditorView.theme({
    "&": {
      color: "var(--g-ink)",
      backgroundColor: "var(--g-surface)",
      border: "1px solid var(--g-line-strong)",
      borderRadius: "0.5rem",
      fontSize: "0.875rem",
      minHeight: "24rem",
      maxHeight: "70vh",
      overflow: "hidden",
    },
    "&.cm-focused": { outline: "2px solid var(--g-accent)", outlineOffset: "1px" },
    ".cm-scroller": { fontFamily: "var(--bs-font-monospace)", lineHeight: "1.5", overflow: "auto" },
    ".cm-content": { caretColor: "var(--g-ink)", padding: "0.5rem 0" },
    ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--g-ink)" },
    ".cm-gutters": { backgroundColor: "var(--g-sunk)", color: "var(--g-muted)", borderRight: "1px solid var(--g-line)" },
    ".cm-activeLineGutter": { backgroundColor: "var(--g-tint)", color: "var(--g-ink)" },
    ".cm-activeLine": { backgroundColor: "transparent" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
      background: "color-mix(in srgb, var(--g-accent) 25%, transparent)",
    },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--g-tint)", outline: "1px solid var(--g-accent)" },
    "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--g-failed)" },
    ".cm-searchMatch": { backgroundColor: "var(--g-tint)", outline: "1px solid var(--g-accent)" },
    ".cm-panels": { backgroundColor: "var(--g-sunk)", color: "var(--g-ink)" },
    ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--g-line)" },
    ".cm-textfield": { backgroundColor: "var(--g-surface)", color: "var(--g-ink)", border: "1px solid var(--g-line-strong)" },
    ".cm-button": { backgroundImage: "none", backgroundColor: "var(--g-surface)", color: "var(--g-ink)", border: "1px solid var(--g-line-strong)" },
    ".cm-panel.cm-search label": { fontSize: "0.875rem" },
    ".cm-panel button[name=close]": { color: "var(--g-ink)", minWidth: "1.5rem", minHeight: "1.5rem" },
    ".cm-tooltip": {
      backgroundColor: "var(--g-raised)",
      color: "var(--g-ink)",
      border: "1px solid var(--g-line-strong)",
      borderRadius: "0.5rem",
      maxWidth: "min(32rem, 92vw)",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--bs-font-monospace)", maxHeight: "16rem" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.25rem 0.5rem" },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--g-accent)", color: "var(--g-on-accent)" },
    ".cm-completionDetail": { color: "var(--g-muted)", fontStyle: "normal" },
    "li[aria-selected] .cm-completionDetail": { color: "inherit" },
    ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
    ".cm-tooltip.cm-completionInfo": { padding: "0.5rem 0.75rem", whiteSpace: "pre-line", width: "min(20rem, 70vw)" },
    ".cm-diagnostic": { padding: "0.25rem 0.5rem", overflowWrap: "anywhere" },
    ".cm-diagnostic-error": { borderLeft: "4px solid var(--g-failed)" },
    ".cm-diagnostic-warning": { borderLeft: "4px solid var(--g-waiting)" },
    ".cm-lintRange-error": wavy("var(--g-failed)"),
    ".cm-lintRange-warning": wavy("var(--g-waiting)"),
    ".cm-lintRange-active": { backgroundColor: "var(--g-tint)" },
    ".cm-lint-marker-error": dot("var(--g-failed)", "50%"),
    ".cm-lint-marker-warning": dot("var(--g-waiting)", "0"),
    ".cm-lintPoint:after": { borderBottomColor: "var(--g-failed)" },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--g-accent)" },
      { tag: [tags.comment, tags.lineComment], color: "var(--g-muted)", fontStyle: "italic" },
      { tag: [tags.string, tags.special(tags.string)], color: "var(--g-done)" },
      { tag: [tags.keyword, tags.typeName, tags.labelName], color: "var(--g-held)" },
    ]),
  ),
];
