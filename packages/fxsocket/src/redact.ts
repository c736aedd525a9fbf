// Keeps the API key and broker passwords out of every text that leaves this package: an error page may echo the request. In: the secrets.
// Out: a function that blanks them in a text, in every encoding they can have.

export type Redact = (text: string) => string;

/** A secret as it appears in plain text, in an address and in JSON. */
function spellings(secret: string): string[] {
  const encoded = encodeURIComponent(secret.toWellFormed());
  const all = [secret, encoded, encoded.replaceAll('%20', '+'), JSON.stringify(secret).slice(1, -1)];
  return [...new Set(all)].filter((spelling) => spelling !== '');
}

/** A function that replaces the key by `[key]` and other secrets by `[secret]`. */
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
