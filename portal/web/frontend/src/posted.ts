/**
 * An answer to a form that no browser may keep (`data-page` says which page it stands for): reload, Back and a
 * copied tab open that page. Without this they would send the form again, or show nothing.
 */
export function wirePosted(): void {
  const page = document.documentElement.dataset.page;
  if (!page) return;
  window.history.replaceState(window.history.state, "", page);
  // Back and Forward show the browser's own copy of that page, which is of before the form.
  void fetch(page, { cache: "reload" }).catch(() => undefined);
}
