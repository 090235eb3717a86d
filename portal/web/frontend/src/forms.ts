/** After a refused form the summary of what is wrong has the focus. */
export function wireErrors(): void {
  document.querySelector<HTMLElement>("[data-error-summary]")?.focus();
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-error-summary] a") : null;
    const target = link?.getAttribute("href");
    if (!target?.startsWith("#")) return;
    const field = document.getElementById(target.slice(1));
    if (!field) return;
    event.preventDefault();
    const fold = field.closest("details");
    if (fold) fold.open = true;
    field.focus();
  });
}

/** A form is sent once, however often its button is pressed; a question is asked where `data-confirm` says so. */
export function wireForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    const question = form.dataset.confirm;
    if (form.dataset.sent || (question && !window.confirm(question))) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", (event) => {
    const [visit] = performance.getEntriesByType("navigation");
    const back = event.persisted || (visit instanceof PerformanceNavigationTiming && visit.type === "back_forward");
    for (const form of document.forms) {
      delete form.dataset.sent;
      // The browser has put back what was typed: what stands beside the form is to follow.
      if (back && form.hasAttribute("hx-post")) form.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement && event.target.hasAttribute("data-submit-on-change")) {
      event.target.form?.requestSubmit();
    }
  });
}
