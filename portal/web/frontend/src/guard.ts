// What a browser has kept of a page is shown only to whoever it was made for: after a sign-out, or when somebody else
// has signed in, Back asks the portal instead. A page carries a mark of its person, and so does a cookie.
{
  const mark = document.documentElement.dataset.signIn;
  const marks = () => /(?:^|; )[\w-]*gantry_who=(\w+)/.exec(document.cookie)?.[1];
  const leave = () => {
    document.documentElement.hidden = true;
    window.location.reload();
  };
  const leaveIf = (kept: boolean) => {
    if (mark === undefined) return;
    const now = marks();
    // A sign-in that only ended may have left something typed; the page says so itself. Somebody else's never stays.
    if (kept ? now !== mark : now !== undefined && now !== mark) leave();
  };
  const [visit] = performance.getEntriesByType("navigation");
  leaveIf(visit instanceof PerformanceNavigationTiming && visit.type === "back_forward");
  window.addEventListener("pageshow", (event) => leaveIf(event.persisted));
  document.addEventListener("visibilitychange", () => leaveIf(false));
  document.addEventListener("htmx:afterRequest", () => leaveIf(false));
}
export {};
