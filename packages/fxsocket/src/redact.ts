// Keeps the API key, and a broker's password where one is sent, out of every text that leaves this package. A gateway's error page may
// echo the request's address or body. In: the secrets. Out: a function that blanks them in a text, however they are encoded.

export type Redact = (text: string) => string;

/** Every way in which a secret can stand in an address or a JSON text. */
function spellings(secret: string): string[] {
  const encoded = encodeURIComponent(secret.toWellFormed());
  const all = [secret, encoded, encoded.replaceAll('%20', '+'), JSON.stringify(secret).slice(1, -1)];
  return [...new Set(all)].filter((spelling) => spelling !== '');
}

/** A function that replaces the key, in each spelling it can have, by `[key]`, and other secrets by `[secret]`. */
export function redactor(apiKey: string, secrets: readonly string[] = []): Redact {
  const blanks = [
    ...spellings(apiKey).map((spelling) => [spelling, '[key]'] as const),
    ...secrets.flatMap(spellings).map((spelling) => [spelling, '[secret]'] as const),
  ].toSorted(([a], [b]) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const [spelling, blank] of blanks) clean = clean.replaceAll(spelling, blank);
    return clean;
  };
}
