/** The calendar beside a text field for a day: the browser's own, which writes the day as 2026-11-20 into the field. */
export function wireCalendars(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-calendar-open]") : null;
    const calendar = button && calendarOf(button);
    if (!calendar) return;
    const typed = textOf(calendar)?.value ?? "";
    calendar.value = /^\d{4}-\d{2}-\d{2}$/.test(typed) ? typed : "";
    try {
      calendar.showPicker();
    } catch {
      textOf(calendar)?.focus(); // a browser without one: the day is typed
    }
  });
  document.addEventListener("change", (event) => {
    const calendar = event.target;
    if (!(calendar instanceof HTMLInputElement) || !calendar.hasAttribute("data-calendar")) return;
    const field = textOf(calendar);
    if (!field || !calendar.value) return;
    field.value = calendar.value;
    field.focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

function calendarOf(button: Element): HTMLInputElement | null {
  return button.parentElement?.querySelector<HTMLInputElement>("[data-calendar]") ?? null;
}

function textOf(calendar: Element): HTMLInputElement | null {
  return calendar.parentElement?.querySelector<HTMLInputElement>("input[name]") ?? null;
}
