// What an account's own OpenAPI document says about a route, for routes that not every bridge has. In: the document as it came, and a
// path such as `/QuoteTicks`. Out: whether it is there, and what its parameters may hold; null where the document does not tell.
// A document is somebody else's text: whatever is not where it should be is simply not told.

/** The answer of `openApi`. */
export type OpenApiDocument = Record<string, unknown>;

export interface RouteParameter {
  readonly name: string;
  readonly required: boolean;
  /** `date`, `date-time`, …; null: not told. */
  readonly format: string | null;
  /** Text for people; null: not told. */
  readonly description: string | null;
}

/** True when the document lists `GET <path>`, with or without something before it (`/mt5/{id}/QuoteTicks`). */
export const hasRoute = (document: OpenApiDocument, path: string): boolean =>
  operationOf(document, path) !== null;

/** The query parameters of `GET <path>`; null: the document does not list the route. */
export function routeParameters(document: OpenApiDocument, path: string): RouteParameter[] | null {
  const operation = operationOf(document, path);
  if (operation === null) return null;
  const listed = Array.isArray(operation['parameters']) ? operation['parameters'] : [];
  return listed.flatMap((one): RouteParameter[] => {
    const parameter = resolved(document, one);
    const name = text(parameter?.['name']);
    if (parameter === null || name === null || parameter['in'] !== 'query') return [];
    const schema = resolved(document, parameter['schema']);
    return [
      {
        name,
        required: parameter['required'] === true,
        format: text(schema?.['format']),
        description: text(parameter['description']) ?? text(schema?.['description']),
      },
    ];
  });
}

/** Parts that vary have other names elsewhere. */
const nameless = (path: string): string => path.replaceAll(/\{[^}]*\}/g, '{}');

/** True for the same route, with or without something before it: `/mt5/{id}/symbols` is `/symbols`. */
export const isRoute = (path: string, route: string): boolean => nameless(path).endsWith(nameless(route));

/** The operation at a route; null: the document does not list it. */
export function operationOf(
  document: OpenApiDocument,
  route: string,
  method = 'get',
): OpenApiDocument | null {
  const paths = object(document['paths']);
  if (paths === null) return null;
  // Of several that end alike (`/accounts`, `/private-servers/{id}/accounts`) it is the one with the least before it.
  const [path] = Object.keys(paths)
    .filter((one) => isRoute(one, route))
    .toSorted((a, b) => a.length - b.length);
  return path === undefined ? null : object(object(paths[path])?.[method]);
}

/** Follows one `{"$ref": "#/a/b"}` inside the document. */
export function resolved(document: OpenApiDocument, value: unknown): OpenApiDocument | null {
  const found = object(value);
  const ref = text(found?.['$ref']);
  if (ref === null) return found;
  if (!ref.startsWith('#/')) return null;
  const parts = ref.slice(2).split('/');
  return parts.reduce<OpenApiDocument | null>((at, part) => object(at?.[part]), document);
}

/** Null: not an object. */
export const object = (value: unknown): OpenApiDocument | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as OpenApiDocument) : null;
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
