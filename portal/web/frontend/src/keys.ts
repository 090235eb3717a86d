/**
 * Security keys. A form with `data-key` is sent once the key has answered: `make` has a key made, `sign` has one sign
 * the statement that the page shows. What the key answers goes into the form's hidden fields, as base64url.
 */
import { allow, busy } from "./sending";

export function wireKeys(): void {
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement) || !form.dataset.key || form.dataset.answered) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const button = form.querySelector<HTMLButtonElement>("button[data-busy]");
      if (!button || button.disabled) return;
      busy(form, button);
      void (form.dataset.key === "make" ? make(form) : sign(form)).then(
        () => {
          allow(form, "");
          form.dataset.answered = "yes";
          form.requestSubmit(button);
        },
        (error: unknown) => allow(form, wordsOf(error)),
      );
    },
    true,
  );
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-key]")) delete form.dataset.answered;
  });
}

async function make(form: HTMLFormElement): Promise<void> {
  const { party, partyName, user, userName, userWords } = form.dataset;
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rp: { id: party, name: partyName || "Gantry" },
      user: { id: bytes(user ?? ""), name: userName ?? "", displayName: userWords ?? "" },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { userVerification: "required", residentKey: "discouraged" },
      attestation: "none",
      excludeCredentials: credentials(form),
    },
  });
  if (!(made instanceof PublicKeyCredential)) throw new Error("no key");
  const answer = made.response;
  if (!(answer instanceof AuthenticatorAttestationResponse)) throw new Error("no key");
  fill(form, "client_data", answer.clientDataJSON);
  fill(form, "attestation", answer.attestationObject);
}

async function sign(form: HTMLFormElement): Promise<void> {
  const statement = new TextEncoder().encode(form.dataset.statement ?? "");
  const signed = await navigator.credentials.get({
    publicKey: {
      challenge: await crypto.subtle.digest("SHA-256", statement),
      rpId: form.dataset.party,
      allowCredentials: credentials(form),
      userVerification: "required",
    },
  });
  if (!(signed instanceof PublicKeyCredential)) throw new Error("no key");
  const answer = signed.response;
  if (!(answer instanceof AuthenticatorAssertionResponse)) throw new Error("no key");
  fill(form, "credential", signed.rawId);
  fill(form, "client_data", answer.clientDataJSON);
  fill(form, "authenticator_data", answer.authenticatorData);
  fill(form, "signature", answer.signature);
}

function credentials(form: HTMLFormElement): PublicKeyCredentialDescriptor[] {
  const known = (form.dataset.credentials ?? "").split(" ").filter(Boolean);
  return known.map((one) => ({ type: "public-key", id: bytes(one) }));
}

function fill(form: HTMLFormElement, name: string, answer: ArrayBuffer): void {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement) field.value = packed(answer);
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

function packed(answer: ArrayBuffer): string {
  const text = [...new Uint8Array(answer)].map((one) => String.fromCharCode(one)).join("");
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function wordsOf(error: unknown): string {
  if (!window.isSecureContext || !("credentials" in navigator)) {
    return "Browsers ask no security key at this address, which is neither https:// nor http://localhost. Nothing was sent.";
  }
  const name = error instanceof DOMException ? error.name : "";
  if (name === "InvalidStateError") return "This key is among yours already. Nothing was sent.";
  if (name === "SecurityError") return "Security keys of this portal are for another address. Nothing was sent.";
  if (name === "NotAllowedError") return "The key did not answer, or you stopped it. Nothing was sent. You can try again.";
  return "This browser could not ask a security key. Nothing was sent. Another browser may be able to.";
}
