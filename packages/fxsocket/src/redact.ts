// Keeps the API key out of every text that leaves this package. A gateway's error page may echo the request's
// address with the key in it, plain or percent-encoded. In: the key. Out: a function that blanks it in a text.

export type Redact = (text: string) => string;

/** A function that replaces the key, in each spelling it can have in an address, by `[key]`. */
export function redactor(apiKey: string): Redact {
  const encoded = encodeURIComponent(apiKey);
  const spellings = [...new Set([apiKey, encoded, encoded.replaceAll('%20', '+')])].filter((s) => s !== '');
  return (text) => {
    let clean = text;
    for (const spelling of spellings) clean = clean.replaceAll(spelling, '[key]');
    return clean;
  };
}
