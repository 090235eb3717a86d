/**
 * An answer to a form that no browser may keep (`data-page` says which page it stands for): reload, Back and a
 * copied tab open that page. Without this they would send the form again, or show nothing.
 */
export function wirePosted(): void {
  const page = document.documentElement.dataset.page;
  if (page) window.history.replaceState(window.history.state, "", page);
}
