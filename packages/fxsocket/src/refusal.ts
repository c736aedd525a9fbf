// Reads an HTTP answer that is a refusal, for upgrades of the socket and REST calls alike. In: the body (the terminal's JSON envelope, that
// of `/v1`, a proxy's HTML, plain text, nothing) and the `Retry-After` header. Out: the envelope's fields, a short text, the time to wait.

import { z } from 'zod';

const envelope = z.looseObject({
  error: z.string().nullish(),
  message: z.string().nullish(),
  detail: z.string().nullish(),
  command_id: z.number().nullish(),
});

export interface BodyExplanation {
  /** True when the body is the gateway's own error object, not a page of a proxy. */
  envelope: boolean;
  /** The gateway's code, such as `MRPC_TIMEOUT`. */
  serverCode: string | null;
  commandId: number | null;
  /** The envelope's other scalar values: `cap`, `current`, `shortfall_eur_cents`. */
  fields: Readonly<Record<string, string | number | boolean>>;
  /** At most 200 characters, one line; empty when the body says nothing. */
  text: string;
}

const MAX_TEXT = 200;
/** Patterns never run over more of a body than this, characters. */
const MAX_READ = 20_000;

function oneLine(text: string): string {
  const line = text.slice(0, MAX_READ).replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT - 1)}…` : line;
}

/** The title of a page, otherwise its text. One pass: a pattern would search the whole page for the end of every tag. */
function htmlText(page: string): string {
  const lower = page.toLowerCase();
  const title = /^[^<]*/.exec(page.slice(endOfTag(page, lower.indexOf('<title'))))?.[0].trim();
  if (title) return title;
  let text = '';
  let at = 0;
  while (at < page.length) {
    const tag = page.indexOf('<', at);
    text += `${page.slice(at, tag === -1 ? page.length : tag)} `;
    if (tag === -1) break;
    const skipped = ['script', 'style'].find((name) => lower.startsWith(name, tag + 1));
    const end = skipped === undefined ? tag : lower.indexOf(`</${skipped}`, tag);
    at = endOfTag(page, end);
  }
  return text;
}

/** The position after the tag at `at`; the end of the page when there is no tag or it is not closed. */
function endOfTag(page: string, at: number): number {
  const end = at === -1 ? -1 : page.indexOf('>', at);
  return end === -1 ? page.length : end + 1;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // an answer that is not JSON is explained from its text instead
  }
}

function scalars(fields: Record<string, unknown>): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') kept[name] = oneLine(value);
    else if (typeof value === 'number' || typeof value === 'boolean') kept[name] = value;
  }
  return kept;
}

/** Reads what an error body says. Never throws. Redact the body first: the text is shortened here, which may cut a secret in two. */
export function explainBody(body: string): BodyExplanation {
  const answer = envelope.safeParse(parsed(body));
  if (answer.success) {
    const { error, message, detail, command_id: commandId, ...rest } = answer.data;
    const said = detail ?? message ?? '';
    if (error || said) {
      const text = error && said ? `${error}: ${said}` : (error ?? said);
      return {
        envelope: true,
        serverCode: error ?? null,
        commandId: commandId ?? null,
        fields: scalars(rest),
        text: oneLine(text),
      };
    }
  }
  const start = body.slice(0, MAX_READ);
  const text = /^\s*</.test(start) ? htmlText(start) : start.slice(0, 2_000);
  return { envelope: false, serverCode: null, commandId: null, fields: {}, text: oneLine(text) };
}

/** How much of a refusal is read, bytes. */
export const REFUSAL_BYTES = 65_536;

/** The first `REFUSAL_BYTES` of a body as text; the connection is then given up. Throws what the body throws. */
export async function readStart(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= REFUSAL_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, REFUSAL_BYTES).toString('utf8');
}

/** `Retry-After` (seconds or an HTTP date) in milliseconds, never negative; null when it is absent or unreadable. */
export function retryAfterMs(header: string | string[] | undefined, wallMs: number): number | null {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!text) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - wallMs);
}
