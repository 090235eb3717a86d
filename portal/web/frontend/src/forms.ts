import { allow, busy, reach } from "./sending";

/** Opens all closed sections around an element: what is to be looked at must be seen. */
export function unfold(element: Element): void {
  for (let fold = element.closest("details"); fold; fold = fold.parentElement?.closest("details") ?? null) {
    fold.open = true;
  }
}

/** After a refused form the summary of what is wrong has the focus, and its links lead to the fields. */
export function wireErrors(): void {
  document.querySelector<HTMLElement>("[data-error-summary]")?.focus();
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-error-summary] a") : null;
    const target = link?.getAttribute("href");
    if (!target?.startsWith("#")) return;
    const field = document.getElementById(target.slice(1));
    if (!field) return;
    event.preventDefault();
    unfold(field);
    field.focus();
  });
  // The browser's own objection to a field in a closed section would be shown nowhere.
  document.addEventListener("invalid", (event) => event.target instanceof Element && unfold(event.target), true);
}

/** Starting from a page to which one came back is another press of the button, however soon: the portal is to ask. */
function returned(form: HTMLFormElement): void {
  if (!form.elements.namedItem("idempotency_key") || form.elements.namedItem("returned")) return;
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "returned";
  field.value = "1";
  form.append(field);
}

/**
 * A form is sent once, however often its button is pressed, and its button says that it is being sent. Whether the
 * portal can be reached is asked before: a form that is sent into nothing takes its page with it.
 */
export function wireForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.getAttribute("method")?.toLowerCase() !== "post") return;
    const button = event.submitter instanceof HTMLButtonElement ? event.submitter : null;
    if (form.dataset.sent === "now") {
      form.dataset.sent = "1";
      // Only then: a button that is disabled does not send its value along.
      if (button) window.setTimeout(busy, 0, form, button);
      return;
    }
    event.preventDefault();
    const question = form.dataset.confirm;
    if (form.dataset.sent || (question && !window.confirm(question))) return;
    form.dataset.sent = "1";
    const shown = button ? busy(form, button) : null;
    void reach().then((words) => {
      allow(form, words);
      if (words) return;
      form.dataset.sent = "now";
      form.requestSubmit(button ?? undefined);
      if (form.dataset.sent === "now") delete form.dataset.sent; // the browser objected to a field
      else if (shown) busy(form, shown);
    });
  });
  window.addEventListener("pageshow", (event) => {
    const [visit] = performance.getEntriesByType("navigation");
    const back = event.persisted || (visit instanceof PerformanceNavigationTiming && visit.type === "back_forward");
    for (const form of document.forms) {
      allow(form, "");
      // The browser has put back what was typed: what stands beside the form is to follow.
      if (back && form.hasAttribute("hx-post")) form.dispatchEvent(new Event("change", { bubbles: true }));
      if (back) returned(form);
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement && event.target.hasAttribute("data-submit-on-change")) {
      event.target.form?.requestSubmit();
    }
  });
}
