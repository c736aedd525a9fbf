// The documents of the gateway: one for each account's terminal, one for `/v1`. In: which routes there are, and where. Out: OpenAPI 3.1,
// made of the same schemas that requests are checked with and that the client checks answers with.

import { managementRoutes, openApiDocument, type OpenApiDocument, terminalRoutes } from '@fxtape/fxsocket';
import type { AccountSpec, Scenario } from '../scenario.ts';

export const BRIDGE_VERSION = '0.14.0';

/** What was made before, by its title and routes: making one takes longer than serving it. */
const made = new Map<string, OpenApiDocument>();

const onceFor = (key: string, make: () => OpenApiDocument): OpenApiDocument => {
  const document = made.get(key) ?? make();
  made.set(key, document);
  return document;
};

const at = (document: OpenApiDocument, base: string): OpenApiDocument => ({
  ...document,
  servers: [{ url: base }],
});

/** `base` is where the terminal's routes are. */
export function terminalDocument(
  { platform, server }: AccountSpec,
  { quoteTicks }: Scenario['history'],
  base: string,
): OpenApiDocument {
  const title = `Simulated ${platform.toUpperCase()} terminal at ${server}`;
  const make = (): OpenApiDocument => {
    const routes = Object.entries(terminalRoutes).filter(
      ([, { path }]) => path !== '/QuoteTicks' || quoteTicks !== 'off',
    );
    const document = openApiDocument({
      title,
      version: BRIDGE_VERSION,
      routes: Object.fromEntries(routes),
      socket: true,
    });
    return quoteTicks.startsWith('dates') ? withDatesOnly(document) : document;
  };
  return at(onceFor(`${title} ${quoteTicks}`, make), base);
}

export function managementDocument(base: string): OpenApiDocument {
  const title = 'Simulated management API';
  return at(
    onceFor(title, () => openApiDocument({ title, version: '1', routes: managementRoutes })),
    base,
  );
}

interface Parameter {
  readonly name: string;
  readonly schema: Record<string, unknown>;
}

/** A bridge that takes whole days tells so. */
function withDatesOnly(document: OpenApiDocument): OpenApiDocument {
  const paths = document['paths'] as Record<string, { get: { parameters: Parameter[] } }>;
  for (const { name, schema } of paths['/QuoteTicks']?.get.parameters ?? [])
    if (name !== 'symbol') schema['format'] = 'date';
  return document;
}
