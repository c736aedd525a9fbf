// The OpenAPI documents of the gateway: one per terminal, one for `/v1`. In: the available routes and their address. Out: OpenAPI 3.1, generated from
// the schemas that requests and answers are checked with.

import { managementRoutes, openApiDocument, type OpenApiDocument, terminalRoutes } from '@fxtape/fxsocket';
import type { AccountSpec, Scenario } from '../scenario.ts';

export const BRIDGE_VERSION = '0.14.0';

/** Documents by title and routes, because generating one is slow. */
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

/** `base` is the address of the terminal's routes. */
export function terminalDocument(
  { platform, server }: Pick<AccountSpec, 'platform' | 'server'>,
  { quoteTicks }: Pick<Scenario['history'], 'quoteTicks'>,
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

/** A bridge that accepts only whole days declares `format: date`. */
function withDatesOnly(document: OpenApiDocument): OpenApiDocument {
  const paths = document['paths'] as Record<string, { get: { parameters: Parameter[] } }>;
  for (const { name, schema } of paths['/QuoteTicks']?.get.parameters ?? [])
    if (name !== 'symbol') schema['format'] = 'date';
  return document;
}
