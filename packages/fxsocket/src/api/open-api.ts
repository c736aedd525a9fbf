// Reads an account's own OpenAPI document, for routes that not every bridge has. In: the document as received and a path such as
// `/QuoteTicks`. Out: whether the route exists and what its parameters accept; null where the document does not say. The document is not
// trusted: anything malformed counts as not stated.

/** The answer of `openApi`. */
export type OpenApiDocument = Record<string, unknown>;

export interface RouteParameter {
  readonly name: string;
  readonly required: boolean;
  /** `date`, `date-time`, …; null: not stated. */
  readonly format: string | null;
  /** Null: not stated. */
  readonly description: string | null;
}

/** True when the document lists `GET <path>`, with or without a prefix (`/mt5/{id}/QuoteTicks`). */
export const hasRoute = (document: OpenApiDocument, path: string): boolean =>
  operationOf(document, path) !== null;

/** The query parameters of `GET <path>`; null when the document does not list the route. */
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

/** The names of path parameters differ between documents. */
const nameless = (path: string): string => path.replaceAll(/\{[^}]*\}/g, '{}');

/** True for the same route, with or without a prefix: `/mt5/{id}/symbols` is `/symbols`. */
export const isRoute = (path: string, route: string): boolean => nameless(path).endsWith(nameless(route));

/** The operation at a route; null when the document does not list it. */
export function operationOf(
  document: OpenApiDocument,
  route: string,
  method = 'get',
): OpenApiDocument | null {
  const paths = object(document['paths']);
  if (paths === null) return null;
  // Of several paths with the same ending (`/accounts`, `/private-servers/{id}/accounts`) the one with the shortest prefix.
  const [path] = Object.keys(paths)
    .filter((one) => isRoute(one, route))
    .toSorted((a, b) => a.length - b.length);
  return path === undefined ? null : object(object(paths[path])?.[method]);
}

/** Follows one `{"$ref": "#/a/b"}` inside the document; null when it leads nowhere. */
export function resolved(document: OpenApiDocument, value: unknown): OpenApiDocument | null {
  const found = object(value);
  const ref = text(found?.['$ref']);
  if (ref === null) return found;
  if (!ref.startsWith('#/')) return null;
  const parts = ref.slice(2).split('/');
  return parts.reduce<OpenApiDocument | null>((at, part) => object(at?.[part]), document);
}

/** The value if it is an object, otherwise null. */
export const object = (value: unknown): OpenApiDocument | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as OpenApiDocument) : null;
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
