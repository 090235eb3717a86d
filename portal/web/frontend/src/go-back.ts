/** From the answer that refused a form back to the form as the browser keeps it; its link leads to an empty one. */
export function wireGoBack(): void {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-go-back]") : null;
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (!link || !plain || window.history.length < 2) return;
    event.preventDefault();
    window.history.back();
  });
}
