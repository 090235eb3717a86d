/** A log that is read at its end stays at its end while lines arrive. */
export function wireLogs(): void {
  let atEnd = true;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const log = event.target instanceof Element ? event.target.closest(".log") : null;
    if (log) atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const log of document.querySelectorAll("[data-follow]")) {
      if (atEnd) log.scrollTop = log.scrollHeight;
    }
  });
}
