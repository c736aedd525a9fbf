// Generates valid and broken requests from an OpenAPI document and checks the answers against it. In: the served document. Out: generators of parameters
// and bodies, and the differences between an answer and the document.

import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';

type Json = Record<string, unknown>;

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Field[];
  /** Null: it takes no body. */
  readonly body: readonly Field[] | null;
  readonly responses: Readonly<Record<string, { content?: Record<string, unknown> }>>;
}

export interface Field {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Json;
}

export interface Sent {
  readonly query: string;
  /** Values of what varies in the path. */
  readonly path: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** A generator of good values for a field, where its schema alone knows too little. */
export type Hints = Readonly<Record<string, fc.Arbitrary<unknown>>>;

interface Documented {
  readonly paths: Record<string, Record<string, Json>>;
  readonly components: { readonly schemas: Record<string, Json> };
}

export class Contract {
  readonly operations: readonly Operation[];
  readonly #document: Documented;
  /** Answers that were found right, which are not checked again. */
  readonly #right = new Set<string>();
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, int32range: false } as object);

  constructor(document: unknown) {
    this.#document = document as Documented;
    this.#ajv.addSchema({ $id: 'doc', ...(document as Json) });
    this.operations = Object.entries(this.#document.paths)
      .filter(([path]) => path !== '/ws')
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => this.#operation(path, method, operation)),
      );
  }

  /** What is wrong with an answer; empty where nothing is. */
  faults(operation: Operation, answer: { status: number; type: string; text: string }): string[] {
    const { status, type, text } = answer;
    const documented = operation.responses[status];
    if (documented === undefined) return [`status ${status} is not documented: ${text.slice(0, 200)}`];
    if (documented.content === undefined) return text === '' ? [] : [`status ${status} has a body`];
    const media = type.split(';')[0] ?? '';
    if (documented.content[media] === undefined) return [`status ${status} as ${media} is not documented`];
    if (media !== 'application/json') return [];
    const escape = (part: string): string =>
      encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
    const where = ['paths', operation.path, operation.method.toLowerCase(), 'responses', `${status}`];
    const pointer = [...where, 'content', media, 'schema'].map(escape).join('/');
    const validate = this.#ajv.getSchema(`doc#/${pointer}`) ?? this.#ajv.compile({ $ref: `doc#/${pointer}` });
    const known = `${operation.id} ${status} ${text}`;
    if (this.#right.has(known)) return [];
    if (validate(JSON.parse(text)) === true) {
      this.#right.add(known);
      return [];
    }
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `status ${status}: ${instancePath} ${message}`,
    );
  }

  #operation(path: string, method: string, operation: Json): Operation {
    const content = (operation['requestBody'] as { content: Json } | undefined)?.content;
    const schema = content === undefined ? null : (content['application/json'] as { schema: Json }).schema;
    return {
      id: String(operation['operationId']),
      method: method.toUpperCase(),
      path,
      parameters: (operation['parameters'] as Field[] | undefined) ?? [],
      body: schema === null ? null : this.#fields(schema),
      responses: operation['responses'] as Operation['responses'],
    };
  }

  #fields(schema: Json): Field[] {
    const name = /([^/]+)$/.exec((schema['$ref'] as string | undefined) ?? '')?.[1];
    const whole = name === undefined ? schema : (this.#document.components.schemas[name] as Json);
    const required = (whole['required'] as string[] | undefined) ?? [];
    return Object.entries(whole['properties'] as Record<string, Json>).map(([field, of]) => ({
      name: field,
      in: 'body',
      required: required.includes(field),
      schema: of,
    }));
  }
}

/** A value as the field's schema wants it. */
function valueOf({ name, schema }: Field, hints: Hints): fc.Arbitrary<unknown> {
  const hint = hints[name];
  if (hint !== undefined) return hint;
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as string[]));
  const least = Number(schema['minimum'] ?? schema['exclusiveMinimum'] ?? -1_000);
  switch (schema['type']) {
    case 'integer':
      return fc.integer({
        min: Math.max(least, -1_000),
        max: Math.min(Number(schema['maximum'] ?? 1e6), 1e6),
      });
    case 'number':
      return fc.double({ min: least + ('exclusiveMinimum' in schema ? 0.01 : 0), max: 200, noNaN: true });
    case 'boolean':
      return fc.boolean();
    default:
      return fc.string({ minLength: Number(schema['minLength'] ?? 0), maxLength: 20 });
  }
}

const someOf = (fields: readonly Field[], hints: Hints): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(fields.map((field) => [field.name, valueOf(field, hints)])), {
    requiredKeys: fields.filter(({ required }) => required).map(({ name }) => name),
  });

/** Anything but what the field wants, most of the time. */
const anything = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', ' ', 'NaN', '-1', '1e309', '0', '%00', '2026-13-45', '..', 'constructor', '__proto__'),
  fc.integer(),
  fc.double(),
  fc.constant(-1),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
);

const broken = (fields: readonly Field[], hints: Hints): fc.Arbitrary<Record<string, unknown>> =>
  fields.length === 0
    ? fc.dictionary(fc.string({ maxLength: 8 }), anything, { maxKeys: 3 })
    : fc
        .tuple(someOf(fields, hints), fc.constantFrom(...fields), fc.option(anything), fc.boolean())
        .map(([good, { name }, bad, gone]) => {
          const { [name]: _left, ...rest } = good;
          return gone ? rest : { ...rest, [name]: bad };
        });

/** JSON with bigints as plain numbers. */
const spelled = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'bigint' ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(`${one}`) : one,
  );

const nonsense = fc.constantFrom('', '{', '[]', 'null', '7', '"text"', '{"ticket":}', '<html>', '{"a":1}{');

/** Requests of which most are as the document wants them, or of which most are not. */
export function requestsOf(
  operation: Operation,
  hints: Hints,
  kind: 'valid' | 'invalid',
): fc.Arbitrary<Sent> {
  const fieldsOf = (where: string): Field[] => operation.parameters.filter((one) => one.in === where);
  const make = kind === 'valid' ? someOf : broken;
  const body: fc.Arbitrary<string | null> =
    operation.body === null
      ? fc.constant(null)
      : kind === 'valid'
        ? someOf(operation.body, hints).map(spelled)
        : fc.oneof(
            { weight: 5, arbitrary: broken(operation.body, hints).map(spelled) },
            { weight: 1, arbitrary: nonsense },
          );
  const text = (value: unknown): string => (typeof value === 'string' ? value : spelled(value));
  const pairs = (of: Record<string, unknown>): [string, string][] =>
    Object.entries(of).map(([name, value]) => [name, text(value)]);
  return fc
    .record({ query: make(fieldsOf('query'), hints), path: someOf(fieldsOf('path'), hints), body })
    .map((sent) => ({
      query: new URLSearchParams(pairs(sent.query)).toString(),
      path: Object.fromEntries(pairs(sent.path)),
      body: sent.body,
    }));
}
