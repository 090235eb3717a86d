const KEY = "gantry-data-view";

/**
 * Data is shown as this browser showed it last: cards, or the table with its columns. The address says what is shown,
 * so that it can be sent and gone back to; only the way to the page is changed here.
 */
export function wireDataView(): void {
  if (window.location.pathname === "/data") {
    const now = new URLSearchParams(window.location.search);
    const kept = new URLSearchParams();
    if (now.get("view") === "table") {
      kept.set("view", "table");
      for (const column of now.getAll("column")) kept.append("column", column);
    }
    try {
      localStorage.setItem(KEY, kept.toString());
    } catch {
      return; // a browser that keeps nothing
    }
  }
  const last = localStorage.getItem(KEY);
  if (!last) return;
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.main-nav a[href="/data"]')) {
    link.href = `/data?${last}`;
  }
}
