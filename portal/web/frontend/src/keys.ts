const TYPING = "input, textarea, select, [contenteditable]";

/** `/` goes to the search field, as people know it from elsewhere. */
export function wireKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.matches(TYPING)) return;
    const field =
      document.querySelector<HTMLInputElement>("[data-search-main]") ??
      document.querySelector<HTMLInputElement>("[data-search]");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
