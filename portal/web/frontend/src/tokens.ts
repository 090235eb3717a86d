/** Forms of a page that is older than the sign-in take the token that the bell has brought: they can be sent. */
export function wireTokens(): void {
  document.addEventListener("htmx:afterSettle", () => {
    const token = document.querySelector<HTMLInputElement>('#bell input[name="csrf_token"]')?.value;
    if (!token) return;
    for (const field of document.querySelectorAll<HTMLInputElement>('form input[name="csrf_token"]')) field.value = token;
  });
}
