// Reduces a JSON Schema to what can be compared: kinds of values, fields, items. In: a schema and its document. Out: its shape, or null where
// the document does not say. References inside the document are followed, `allOf` is merged, and `anyOf` and `oneOf` allow what any branch
// allows.

import { type OpenApiDocument, resolved } from './open-api.ts';

export type Kind = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';

export interface Shape {
  /** Empty: not stated, anything may come. */
  readonly kinds: ReadonlySet<Kind>;
  /** Fields of an object, by name. */
  readonly fields: ReadonlyMap<string, { readonly schema: unknown; readonly required: boolean }>;
  /** The schema of an array's elements; undefined: not stated. */
  readonly items: unknown;
}

const KINDS = new Set<string>(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
const isKind = (word: unknown): word is Kind => typeof word === 'string' && KINDS.has(word);

/** Deeper nesting, or a schema that refers to itself, counts as not stated. */
const DEEPEST = 5;

export function shapeOf(document: OpenApiDocument, schema: unknown, depth = 0): Shape | null {
  const found = resolved(document, schema);
  if (found === null || depth > DEEPEST) return null;
  const parts = [ownShape(found)];
  const within = (name: string): Shape[] => {
    const listed = Array.isArray(found[name]) ? (found[name] as unknown[]) : [];
    return listed.flatMap((one) => shapeOf(document, one, depth + 1) ?? []);
  };
  const together = [...parts, ...within('allOf')];
  const alternatives = [...within('anyOf'), ...within('oneOf')];
  if (alternatives.length > 0) together.push(eitherOf(alternatives));
  return bothOf(together);
}

function ownShape(schema: OpenApiDocument): Shape {
  const kinds = new Set<Kind>(kindsOf(schema));
  if (schema['nullable'] === true && kinds.size > 0) kinds.add('null'); // OpenAPI 3.0
  const fields = new Map<string, { schema: unknown; required: boolean }>();
  const properties = schema['properties'];
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  if (typeof properties === 'object' && properties !== null)
    for (const [name, one] of Object.entries(properties))
      fields.set(name, { schema: one, required: required.includes(name) });
  return { kinds, fields, items: schema['items'] };
}

function kindsOf(schema: OpenApiDocument): Kind[] {
  const { type } = schema;
  if (Array.isArray(type)) return type.filter(isKind);
  if (isKind(type)) return [type];
  const values = 'const' in schema ? [schema['const']] : schema['enum'];
  if (Array.isArray(values)) return values.map(kindOfValue).filter(isKind);
  if ('properties' in schema) return ['object'];
  return 'items' in schema ? ['array'] : [];
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

/** A field is required only when every alternative requires it. */
function eitherOf(shapes: readonly Shape[]): Shape {
  const objects = shapes.filter(({ fields }) => fields.size > 0);
  const fields = new Map<string, { schema: unknown; required: boolean }>();
  for (const { fields: some } of objects)
    for (const [name, { schema }] of some) {
      const required = objects.every((one) => one.fields.get(name)?.required === true);
      if (!fields.has(name)) fields.set(name, { schema, required });
    }
  const untold = shapes.some(({ kinds }) => kinds.size === 0);
  const kinds = new Set(untold ? [] : shapes.flatMap((one) => [...one.kinds]));
  return { kinds, fields, items: shapes.find(({ items }) => items !== undefined)?.items };
}

function bothOf(shapes: readonly Shape[]): Shape {
  const kinds = new Set<Kind>();
  const fields = new Map<string, { schema: unknown; required: boolean }>();
  for (const shape of shapes) {
    for (const kind of shape.kinds) kinds.add(kind);
    for (const [name, field] of shape.fields) {
      const required = field.required || fields.get(name)?.required === true;
      fields.set(name, { schema: field.schema, required });
    }
  }
  return { kinds, fields, items: shapes.find(({ items }) => items !== undefined)?.items };
}
