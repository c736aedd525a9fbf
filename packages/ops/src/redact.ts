// Takes secrets out of text on its way to a log, a terminal or an answer. In: the secret values that this process knows, and any
// text. Out: the same text with each value, in every spelling that JSON and URLs give it, replaced by `[redacted]`; beside the
// known values, everything that looks like a credential (`api_key=…`, `Bearer …`, `://user:password@`, `fxs_live_…`) goes too.

export const REDACTED = '[redacted]';

/** Values shorter than this are not searched for: replacing them would tear ordinary words and numbers apart. */
export const SHORTEST_SECRET_CHARS = 4;

/** The password of every QuestDB that nobody gave another one, and a part of its name. */
const PUBLIC = 'quest';

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

  /** The same for what stands in an address (`redis://user:password@host`) or a connection string (`…;password=…;`), else for the whole. */
  addSetting(setting: string): void {
    for (const secret of secretsIn(setting)) if (secret !== PUBLIC) this.add(secret);
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

function* secretsIn(setting: string): Generator<string> {
  if (!/:\/\/|::/.test(setting)) return yield setting;
  const url = URL.canParse(setting) ? new URL(setting) : null;
  let user = url?.username ?? '';
  let password = url?.password ?? '';
  if (password !== '') {
    yield password;
    [user, password] = [user, password].map(decoded) as [string, string];
    yield password;
  }
  for (const [, name, value] of setting.matchAll(/(?:^|[;:])(username|password|token)=((?:[^;]|;;)*)/g)) {
    const plain = (value as string).replaceAll(';;', ';');
    if (name === 'username') user = plain;
    else yield plain;
    if (name === 'password') password = plain;
  }
  // As it stands in the header of a request.
  if (password !== '') yield Buffer.from(`${user}:${password}`).toString('base64');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not percent-encoded: it stands for itself
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
