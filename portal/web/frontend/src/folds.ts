type Folds = Record<string, boolean>;

/** What a section is called in the history: its id, or its words without the numbers that change. */
function nameOf(fold: HTMLDetailsElement): string {
  const words = fold.querySelector("summary")?.textContent ?? "";
  return fold.id || words.replace(/[\d,.]+/g, "").trim().replace(/\s+/g, " ").slice(0, 60);
}

function kept(): Folds {
  const state: unknown = window.history.state;
  return state && typeof state === "object" && "folds" in state ? (state.folds as Folds) : {};
}

/** Sections that were opened are open again after Back and reload: the history's entry knows them. */
export function wireFolds(): void {
  const [visit] = performance.getEntriesByType("navigation");
  const again = visit instanceof PerformanceNavigationTiming && visit.type !== "navigate";
  const before = again ? kept() : {};
  for (const fold of document.querySelectorAll<HTMLDetailsElement>("details:not(.menu)")) {
    const open = before[nameOf(fold)];
    if (open !== undefined) fold.open = open;
  }
  // `toggle` does not bubble.
  document.addEventListener(
    "toggle",
    (event) => {
      const fold = event.target;
      if (!(fold instanceof HTMLDetailsElement) || fold.matches(".menu")) return;
      const folds = { ...kept(), [nameOf(fold)]: fold.open };
      window.history.replaceState({ ...(window.history.state as object | null), folds }, "");
    },
    true,
  );
}
