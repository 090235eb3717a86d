/** If a person has changed this field since the page came from the portal. */
export function changed(field: Element): boolean {
  if (field instanceof HTMLOptionElement) return field.selected !== field.defaultSelected;
  if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
  if (field instanceof HTMLSelectElement) {
    // Where none is chosen by the page, the browser takes the first: that is nobody's change.
    const chosen = [...field.options].findIndex((option) => option.defaultSelected);
    return !field.multiple && field.selectedIndex !== Math.max(0, chosen);
  }
  if (!(field instanceof HTMLInputElement) || field.type === "hidden") return false;
  if (field.type === "file") return (field.files?.length ?? 0) > 0;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

/** If something was typed or chosen on this page that would be lost with it. */
export function somethingTyped(): boolean {
  return [...document.forms].some((form) => form.method === "post" && [...form.elements].some(changed));
}
