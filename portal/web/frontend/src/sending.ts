/** How a form looks while it is sent: its button says so and cannot be pressed, until there is an answer. */

const PATIENCE_MS = 8000;
const SILENCE_MS = 30000;

interface Waiting {
  button: HTMLButtonElement;
  label: Node[];
  stopped: HTMLButtonElement[];
  timer: number;
}

const waiting = new Map<HTMLFormElement, Waiting>();

/** The button of a form that is being sent says so. A button without a visible name of its own lends it to the main one. */
export function busy(form: HTMLFormElement, pressed: HTMLButtonElement): HTMLButtonElement {
  const hidden = pressed.getAttribute("aria-hidden") === "true";
  const main = form.querySelector<HTMLButtonElement>("button[data-busy]");
  const button = hidden && main ? main : pressed;
  if (!waiting.has(form)) {
    const label = [...button.childNodes];
    const timer = window.setTimeout(allow, SILENCE_MS, form, SILENT);
    const stopped = [pressed, button].filter((one) => !one.disabled);
    waiting.set(form, { button, label, stopped, timer });
    if (button.matches(".btn")) {
      const words = button.dataset.busy ?? `${button.textContent?.trim() ?? ""}…`;
      button.replaceChildren(words, ...label.map(placeOf).filter((one) => one !== null));
    }
    button.setAttribute("aria-busy", "true");
  }
  pressed.disabled = button.disabled = true;
  return button;
}

/** Unseen, where a part of the label would be: an answer that is still under way may bring a new one to its id. */
function placeOf(part: Node): HTMLElement | null {
  if (!(part instanceof HTMLElement) || !part.id) return null;
  const place = document.createElement("span");
  place.id = part.id;
  place.hidden = true;
  return place;
}

const SILENT = "No answer for 30 seconds. It may have arrived: look under Jobs before you press again.";

/** The form can be sent again; `words` say why it was not sent. */
export function allow(form: HTMLFormElement, words: string): void {
  delete form.dataset.sent;
  const was = waiting.get(form);
  if (was) {
    window.clearTimeout(was.timer);
    was.button.replaceChildren(...was.label);
    was.button.removeAttribute("aria-busy");
    waiting.delete(form);
    for (const button of was.stopped) button.disabled = false;
  }
  form.querySelector("[data-send-note]")?.remove();
  if (!words) return;
  const note = document.createElement("p");
  note.className = "wrong";
  note.dataset.sendNote = "";
  note.setAttribute("role", "alert");
  note.textContent = words;
  (was?.button.parentElement ?? form).append(note);
  note.scrollIntoView({ block: "nearest" }); // on a phone the navigation lies over the end of the page
}

/** Empty if the portal answers; else what is to be said. */
export async function reach(): Promise<string> {
  try {
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer.status < 500 ? "" : UNWELL; // what stands before the portal answers 502 while it restarts
  } catch {
    return navigator.onLine ? UNWELL : OFFLINE;
  }
}

const UNWELL = "The portal does not answer. Nothing was sent; all that you typed stays here. Try again in a minute.";
const OFFLINE = "You are offline. Nothing was sent; all that you typed stays here. Try again when the network is back.";
const BACK = "The network is back. Nothing was sent; all that you typed stands here, and can be sent now.";

/** What was said of the network is true no longer once it is back. */
export function wireSending(): void {
  window.addEventListener("online", () => {
    for (const note of document.querySelectorAll("[data-send-note]")) {
      if (note.textContent === OFFLINE) note.textContent = BACK;
    }
  });
}
