/** Many numbers of datasets as one text of an address, as `portal/web/views/picks/id_lists.py` reads and writes it. */

const AS_THEY_ARE = 40;

/** The values of a field that names these numbers: one each, or one for all. Null where one is no number. */
export function textsOf(ids: string[]): string[] | null {
  if (ids.length <= AS_THEY_ARE) return ids;
  const numbers = ids.map(Number);
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return null;
  const steps = numbers.map((number, place) => number - (place ? (numbers[place - 1] ?? 0) : 0));
  return [`~${steps.map((step) => step.toString(36)).join(".")}`];
}

/** The numbers that the value of a field is or lists. */
export function idsOf(text: string): string[] {
  if (!text.startsWith("~")) return [text];
  let place = 0;
  return text.slice(1).split(".").map((step) => String((place += parseInt(step, 36))));
}
