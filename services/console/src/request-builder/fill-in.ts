// What somebody typed → a request, or sentences about what is wrong. In: an endpoint and texts by field name; a missing or empty one is not
// given. Out: checked values that keep every digit as typed, because tickets go beyond what a number holds. Nothing is sent here.
import type { Endpoint, Field } from './endpoint.ts';

export interface Value {
  readonly field: Field;
  /** As it stands in JSON when `kind` is not `text`; a secret has none. */
  readonly text: string;
}

export interface Filled {
  readonly endpoint: Endpoint;
  readonly values: readonly Value[];
}

export interface Problem {
  readonly field: string;
  /** Continues the field's name. */
  readonly text: string;
}

const TIME = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const INTEGER = /^-?(0|[1-9]\d*)$/;
const WIDEST = 2n ** 63n - 1n;
const LONGEST_CHARS = 4000;

export function fillIn(
  endpoint: Endpoint,
  texts: Readonly<Record<string, string>>,
): { readonly filled: Filled; readonly problems: readonly Problem[] } {
  const values: Value[] = [];
  const problems: Problem[] = [];
  for (const field of endpoint.fields) {
    if (field.secret) {
      // An optional one is wanted only together with what it belongs to.
      const belongs = field.name.startsWith('proxy_') && (texts['proxy_address'] ?? '') !== '';
      if (field.required || belongs) values.push({ field, text: '' });
      continue;
    }
    const given = Object.hasOwn(texts, field.name) ? (texts[field.name] ?? '') : '';
    if (given === '' && !(field.required && field.mayBeEmpty)) {
      if (field.required) problems.push({ field: field.name, text: 'is required' });
      continue;
    }
    const wrong = wrongWith(field, given);
    if (wrong !== null) problems.push({ field: field.name, text: wrong });
    values.push({ field, text: given });
  }
  const filled = { endpoint, values };
  return { filled, problems: problems.length > 0 ? problems : conflicts(filled) };
}

/** Null: nothing. */
function wrongWith(field: Field, text: string): string | null {
  if (text.length > LONGEST_CHARS) return `is longer than ${LONGEST_CHARS} characters`;
  if (!text.isWellFormed()) return 'contains half a character (a lone surrogate)';
  if (field.options !== null && !field.options.includes(text))
    return `must be one of ${field.options.join(', ')}`;
  if (field.place === 'path' && /^\.{1,2}$/.test(text)) return 'would lead to another address';
  switch (field.kind) {
    case 'integer':
      return INTEGER.test(text) ? outOfBounds(field, text) : 'must be a whole number';
    case 'number':
      return NUMBER.test(text) ? outOfBounds(field, text) : 'must be a number such as 0.1';
    case 'boolean':
      return text === 'true' || text === 'false' ? null : 'must be true or false';
    case 'json':
      return isJson(text) ? null : 'must be JSON';
    case 'text':
      return field.brokerTime ? wrongTime(text) : null;
  }
}

function outOfBounds({ above, kind, least, most }: Field, text: string): string | null {
  const value = Number(text);
  if (!Number.isFinite(value)) return 'is too large';
  if (kind === 'integer' && (BigInt(text) > WIDEST || BigInt(text) < -WIDEST)) return 'has more than 64 bits';
  if (above !== null && value <= above) return `must be more than ${above}`;
  if (least !== null && value < least) return `must be ${least} or more`;
  return most !== null && value > most ? `must be ${most} or less` : null;
}

function wrongTime(text: string): string | null {
  if (/(Z|[+-]\d\d:?\d\d)$/i.test(text) && text.includes('T'))
    return "is the broker's wall clock and has no zone: leave it out";
  if (!TIME.test(text)) return 'must be YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS';
  const [date = '', time = '00:00'] = text.split('T');
  const instant = new Date(`${date}T${time}Z`);
  const real = Number.isFinite(instant.getTime()) && instant.toISOString().startsWith(date);
  return real ? null : 'is not a time that exists';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What single fields cannot say. The gateway ignores or refuses such requests, and the typed client does not take them. */
function conflicts({ endpoint, values }: Filled): Problem[] {
  const of = new Map(values.map(({ field, text }) => [field.name, text]));
  const problems: Problem[] = [];
  const say = (field: string, text: string): void => void problems.push({ field, text });
  const atZero = (field: string): boolean => Number(of.get(field) ?? 0) <= 0;
  if (endpoint.operation === 'orderSend') {
    const operation = of.get('operation') ?? '';
    const market = operation === 'Buy' || operation === 'Sell';
    const stopLimit = operation.endsWith('StopLimit');
    if (!market && atZero('price')) say('price', `must be above 0 for ${operation}`);
    if (stopLimit && atZero('stopLimitPrice')) say('stopLimitPrice', `must be above 0 for ${operation}`);
    for (const field of market ? ['price', 'expiration'] : [])
      if (of.has(field)) say(field, 'is for pending orders: a market order ignores it');
    if (!stopLimit && of.has('stopLimitPrice')) say('stopLimitPrice', 'is for stop-limit orders');
  }
  if (endpoint.operation === 'orderModify')
    for (const field of ['price', 'stopLimitPrice'])
      if (of.has(field) && atZero(field)) say(field, 'must be above 0');
  if (endpoint.operation === 'linkAccount' && !of.has('proxy_address'))
    for (const field of ['proxy_type', 'proxy_local_port'])
      if (of.has(field)) say(field, 'needs proxy_address');
  return problems;
}
