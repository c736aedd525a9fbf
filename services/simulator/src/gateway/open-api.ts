// The document at `/api-doc/openapi.json`: which routes this account's bridge has. In: the routes. Out: a small OpenAPI 3
// document, enough to discover whether an optional route exists.

const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  '/SymbolInfo': ['symbol'],
  '/getQuote': ['symbol'],
  '/PriceHistory': ['symbol', 'timeframe', 'from?', 'to?'],
  '/QuoteTicks': ['symbol', 'from', 'to'],
  '/OrderHistory': ['from?', 'to?'],
  '/PositionHistory': ['from?', 'to?'],
};

export function openApi(platform: string, paths: readonly string[]): Record<string, unknown> {
  const operation = (path: string): Record<string, unknown> => ({
    operationId: path.slice(1),
    parameters: (PARAMETERS[path] ?? []).map((name) => ({
      name: name.replace('?', ''),
      in: 'query',
      required: !name.endsWith('?'),
      schema: { type: 'string' },
    })),
    responses: { 200: { description: 'OK' } },
  });
  return {
    openapi: '3.0.3',
    info: { title: `Simulated ${platform.toUpperCase()} terminal`, version: '0.14.0' },
    paths: Object.fromEntries(paths.map((path) => [path, { get: operation(path) }])),
  };
}
