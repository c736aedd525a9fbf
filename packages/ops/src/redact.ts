// Takes secrets out of text on its way to a log, a terminal or an answer. In: the secret values that this process knows, and any
// text. Out: the same text with each value, in every spelling that JSON and URLs give it, replaced by `[redacted]`; beside the
// known values, everything that looks like a credential (`api_key=…`, `Bearer …`, `://user:password@`, `fxs_live_…`) goes too.

export const REDACTED = '[redacted]';

/** Values shorter than this are not searched for: replacing them would tear ordinary words and numbers apart. */
export const SHORTEST_SECRET_CHARS = 4;

const PATTERNS: readonly [RegExp, string][] = [
  [/\bfxs_[a-z]+_[A-Za-z0-9_-]+/g, REDACTED],
  [
    /((?:api[_-]?key|access[_-]?token|token|password|passwd|secret)=)(?!\[redacted\])[^&;\s"'\\<>]+/gi,
    `$1${REDACTED}`,
  ],
  [
    /((?:api[_-]?key|authorization|token|password|passwd|secret)\\?"\s*:\s*\\?")(?!\[redacted\])(?:[^"\\]|\\(?!"))+/gi,
    `$1${REDACTED}`,
  ],
  [/(\bbearer\s+)(?!\[redacted\])[A-Za-z0-9._~+/=-]+/gi, `$1${REDACTED}`],
  [/(:\/\/[^\s:/@"'\\]*:)(?!\[redacted\])[^\s@"'\\/]+(?=@)/g, `$1${REDACTED}`],
];

/** Replaces known secrets and credential-shaped text. Secrets may be added while it is in use. */
export class Redactor {
  readonly #spellings = new Set<string>();
  #ordered: string[] = [];

  constructor(secrets: Iterable<string> = []) {
    for (const secret of secrets) this.add(secret);
  }

  /** From now on `secret` is taken out of everything. Shorter than {@link SHORTEST_SECRET_CHARS}: ignored. */
  add(secret: string): void {
    if (secret.length < SHORTEST_SECRET_CHARS) return;
    const inJson = JSON.stringify(secret).slice(1, -1);
    const inJsonTwice = JSON.stringify(inJson).slice(1, -1);
    for (const spelling of [secret, inJson, inJsonTwice, ...urlSpellings(secret)])
      this.#spellings.add(spelling);
    // The longest first: one secret may be the beginning of another.
    this.#ordered = [...this.#spellings].sort((a, b) => b.length - a.length);
  }

  redact(text: string): string {
    let out = text;
    for (const spelling of this.#ordered) {
      if (out.includes(spelling)) out = out.replaceAll(spelling, REDACTED);
    }
    for (const [pattern, replacement] of PATTERNS) out = out.replace(pattern, replacement);
    return out;
  }
}

function urlSpellings(secret: string): string[] {
  // A lone surrogate has no URL spelling.
  if (!secret.isWellFormed()) return [];
  const encoded = encodeURIComponent(secret);
  return [
    encoded,
    encoded.toLowerCase(),
    encoded.replaceAll('%20', '+'),
    new URLSearchParams({ s: secret }).toString().slice(2),
  ];
}
