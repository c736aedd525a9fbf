// A JSON Schema of a parameter or of a member of a body → a field of the form. In: the schema as somebody's OpenAPI document has it (3.0 or
// 3.1). Out: the field. What the schema does not tell is not told: such a field takes any text.
import { type OpenApiDocument, resolved } from '@fxtape/fxsocket';
import type { Field, FieldKind } from './endpoint.ts';

type Schema = Readonly<Record<string, unknown>>;

export function fieldOf(
  document: OpenApiDocument,
  of: Pick<Field, 'name' | 'place' | 'required'> & { schema: unknown; description?: unknown },
): Field {
  const schema = plain(document, of.schema);
  const description = text(of.description) ?? text(schema['description']);
  const format = text(schema['format']) ?? '';
  const kind = kindOf(schema);
  const { name, place, required } = of;
  const above = schema['exclusiveMinimum'];
  const minimum = number(schema['minimum']);
  return {
    name,
    place,
    required,
    kind,
    options: optionsOf(schema),
    defaultText: schema['default'] === undefined ? null : valueText(schema['default']),
    description,
    brokerTime:
      kind === 'text' &&
      (/^date(-time)?$/.test(format) ||
        /\bbroker time\b/i.test(description ?? '') ||
        /^(from|to|expiration)$/.test(name)),
    secret: schema['writeOnly'] === true || format === 'password' || /^password$|_auth$/.test(name),
    mayBeEmpty: kind === 'text' && (number(schema['minLength']) ?? 0) === 0 && place === 'body',
    least: above === true ? null : minimum, // OpenAPI 3.0 says it with true beside the minimum
    above: above === true ? minimum : number(above),
    most: number(schema['maximum']),
    extra: false,
  };
}

/** Without references, alternatives to null, and parts that are laid together. */
function plain(document: OpenApiDocument, schema: unknown, depth = 0): Schema {
  const found = resolved(document, schema);
  if (found === null || depth > 5) return {};
  const within = (name: string): Schema[] => {
    const listed = found[name];
    return Array.isArray(listed) ? listed.map((one) => plain(document, one, depth + 1)) : [];
  };
  const alternatives = [...within('anyOf'), ...within('oneOf')].filter((one) => one['type'] !== 'null');
  const [only] = alternatives;
  const parts = [...within('allOf'), ...(only !== undefined && alternatives.length === 1 ? [only] : [])];
  return Object.assign({}, ...parts, found) as Schema;
}

function kindOf(schema: Schema): FieldKind {
  const { type } = schema;
  const types = (Array.isArray(type) ? type : [type]).filter((one) => one !== 'null') as unknown[];
  const [first] = types;
  if (types.length === 1)
    switch (first) {
      case 'integer':
      case 'number':
      case 'boolean':
        return first;
      case 'array':
      case 'object':
        return 'json';
    }
  return 'properties' in schema || 'items' in schema ? 'json' : 'text';
}

function optionsOf(schema: Schema): string[] | null {
  const listed = 'const' in schema ? [schema['const']] : schema['enum'];
  if (!Array.isArray(listed)) return schema['type'] === 'boolean' ? ['true', 'false'] : null;
  const options = listed.filter((one) => one !== null).map(valueText);
  return options.length === 0 ? null : options;
}

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
