/** Says something for two seconds, to screen readers as well. */
export function toast(words: string): void {
  const area = document.querySelector(".toast-area");
  if (!area) return;
  const line = document.createElement("p");
  line.textContent = words;
  area.append(line);
  window.setTimeout(() => line.remove(), 2500);
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or not a secure context: the text is selected instead
  }
}

/** `data-copy="#id"` copies that element's text. */
export function wireCopy(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
    if (!button) return;
    const source = document.querySelector(button.getAttribute("data-copy") ?? "");
    if (!source) return;
    void copy(source.textContent?.trim() ?? "").then((done) => {
      if (!done) window.getSelection()?.selectAllChildren(source);
      toast(done ? "Copied" : "Selected: press Ctrl+C to copy");
    });
  });
}
