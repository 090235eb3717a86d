/** What is said where the sign-in has ended while somebody types: the page is not taken away from under it. */

const touched = new WeakSet<HTMLFormElement>();

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field instanceof HTMLElement && "form" in field && field.form instanceof HTMLFormElement) touched.add(field.form);
});

/** Loads the page again, which asks for a sign-in and comes back; not where something is typed. */
export function signInEnded(): void {
  const form = [...document.forms].find((one) => touched.has(one) && one.getAttribute("method") === "post");
  if (!form) {
    window.location.reload();
    return;
  }
  if (document.querySelector("[data-sign-in-ended]")) return;
  const note = document.createElement("div");
  note.className = "note waiting";
  note.dataset.signInEnded = "";
  note.setAttribute("role", "alert");
  note.textContent = form.hasAttribute("data-keeps")
    ? "Your sign-in has ended. What you typed stands here; when you send it, you sign in first, and it is filled in again."
    : "Your sign-in has ended. What you send now is not carried out: load the page again, and sign in.";
  form.prepend(note);
}
