import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";
import { changed } from "./changed";

/** What a person did to a live part stays: an open section, a tick, what was typed. The rest follows the server. */
function theirs(name: string, element: Element): boolean {
  if (element instanceof HTMLDetailsElement) return name === "open";
  return (name === "value" || name === "checked" || name === "selected") && changed(element);
}

/** Where the element with the focus is gone, the part itself takes the focus: the Tab key goes on from there. */
function keepFocus(part: Element, had: Element | null): void {
  if (!had || had.isConnected || !(part instanceof HTMLElement) || !part.isConnected) return;
  if (document.activeElement && document.activeElement !== document.body) return;
  if (!part.hasAttribute("tabindex")) part.tabIndex = -1;
  part.focus({ preventScroll: true });
}

// Live parts are morphed, not replaced: focus, open sections and scroll positions stay where they are.
htmx.defineExtension("morph", {
  isInlineSwap: (style: string) => style === "morph",
  handleSwap: (style: string, target: Node, fragment: Node) => {
    if (style !== "morph" || !(target instanceof Element)) return [];
    const fresh = fragment instanceof DocumentFragment ? fragment.firstElementChild : fragment;
    const had = target.contains(document.activeElement) ? document.activeElement : null;
    const made = Idiomorph.morph(target, fresh as Element, {
      morphStyle: "outerHTML",
      callbacks: { beforeAttributeUpdated: (name, element) => !theirs(name, element) },
    }) as Element[];
    if (made[0]) keepFocus(made[0], had);
    return made;
  },
} as unknown as Parameters<typeof htmx.defineExtension>[1]);

export { htmx };
