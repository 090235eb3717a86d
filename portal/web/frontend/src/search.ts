/**
 * A form with `data-address` that is sent by itself: the address follows what it asks, so that reload, Back, a
 * bookmark and a copied tab find the same. Nothing is put into the history: Back leaves the page, it does not
 * take back letter by letter.
 */
export function wireSearch(): void {
  document.addEventListener("htmx:afterSwap", (event) => {
    const detail = (event as CustomEvent<Asked>).detail;
    const form = detail.requestConfig.elt;
    if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-address")) return;
    const asked = new URL(detail.pathInfo.finalRequestPath, window.location.href).searchParams;
    // Empty fields say nothing: the address is the one that a link would have.
    const said = [...asked].filter(([, value]) => value !== "");
    const page = new URL(form.action);
    page.search = new URLSearchParams(said).toString();
    window.history.replaceState(window.history.state, "", page);
  });
}

interface Asked {
  requestConfig: { elt: Element };
  pathInfo: { finalRequestPath: string };
}
