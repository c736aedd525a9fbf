// An account's OpenAPI document → everything that can be asked of it. In: the document as it came, or null. Out: the routes and topics of
// our own table first, told apart by whether the document lists them, then what only the document knows. Details that the document does not
// tell (a plain string where we know the words) come from our own schemas.
import {
  managementRoutes,
  openApiDocument,
  type OpenApiDocument,
  operationOf,
  openRoutes,
  readingRoutes,
  resolved,
  timeframes,
  topicShapes,
  tradingRoutes,
} from '@fxtape/fxsocket';
import type { Endpoint, Field } from './endpoint.ts';
import { fieldOf } from './field.ts';

const terminalTable = { ...readingRoutes, ...tradingRoutes, openApi: openRoutes.openApi };
const ownTerminal = openApiDocument({
  title: 'FxSocket terminal',
  version: 'as this client knows it',
  routes: terminalTable,
  socket: true,
});
const ownManagement = openApiDocument({
  title: 'FxSocket accounts',
  version: 'as this client knows it',
  routes: managementRoutes,
});

const HEALTH = new Set(['status', 'healthz', 'livez', 'openApi']);
const MARKET = new Set(['serverTimezone', 'symbols', 'symbolInfo', 'quote', 'priceHistory', 'quoteTicks']);

/** Null: the account's document does not answer. */
export function endpointsOf(live: OpenApiDocument | null): Endpoint[] {
  const known = Object.entries(terminalTable).map(([operation, route]): Endpoint => {
    const listed = live === null ? null : operationOf(live, route.path, route.method.toLowerCase());
    const changes = route.needs === 'trade' || route.needs === 'manage';
    const isListed = live === null || listed !== null;
    return {
      id: `${route.method} ${route.path}`,
      group: groupOf(operation, changes),
      base: 'terminal',
      method: route.method,
      path: route.path,
      summary: route.summary,
      operation,
      needs: changes ? 'change' : route.needs === 'nothing' ? 'nothing' : 'read',
      listed: isListed,
      runnable: route.method === 'GET' && isListed,
      fields: together(
        ownFields(ownTerminal, route),
        live === null || listed === null ? [] : fieldsOf(live, listed),
      ),
    };
  });
  return [...known, ...(live === null ? [] : foreign(live)), ...topics(live), ...management()];
}

function groupOf(operation: string, changes: boolean): Endpoint['group'] {
  if (changes) return 'Trading';
  if (HEALTH.has(operation)) return 'Health';
  return MARKET.has(operation) ? 'Market data' : 'Account';
}

function ownFields(own: OpenApiDocument, route: { path: string; method: string }): Field[] {
  const operation = operationOf(own, route.path, route.method.toLowerCase());
  return operation === null ? [] : fieldsOf(own, operation);
}

/** What the client knows first, as the document tells it where it tells more than "a text". */
function together(own: readonly Field[], live: readonly Field[]): Field[] {
  const ofLive = new Map(live.map((field) => [`${field.place} ${field.name}`, field]));
  const known = own.map((field): Field => {
    const found = ofLive.get(`${field.place} ${field.name}`);
    if (found === undefined) return field;
    const detailed = found.options !== null || found.kind !== 'text' || found.brokerTime;
    return {
      ...(detailed ? found : field),
      required: found.required || field.required,
      description: found.description ?? field.description,
      defaultText: found.defaultText ?? field.defaultText,
      secret: found.secret || field.secret,
      brokerTime: found.brokerTime || field.brokerTime,
    };
  });
  const names = new Set(own.map(({ name, place }) => `${place} ${name}`));
  const extra = live.filter(({ name, place }) => !names.has(`${place} ${name}`));
  return [...known, ...extra.map((field) => ({ ...field, extra: true }))];
}

function fieldsOf(document: OpenApiDocument, operation: OpenApiDocument): Field[] {
  return [...parameters(document, operation), ...bodyFields(document, operation)];
}

function parameters(document: OpenApiDocument, operation: OpenApiDocument): Field[] {
  const listed = Array.isArray(operation['parameters']) ? (operation['parameters'] as unknown[]) : [];
  return listed.flatMap((one): Field[] => {
    const found = resolved(document, one);
    const name = found?.['name'];
    const place = found?.['in'];
    if (found === null || typeof name !== 'string' || (place !== 'query' && place !== 'path')) return [];
    if (name === 'api_key') return []; // the key goes in a header
    const required = found['required'] === true || place === 'path';
    const { description, schema } = found;
    return [fieldOf(document, { name, place, required, schema, description })];
  });
}

function bodyFields(document: OpenApiDocument, operation: OpenApiDocument): Field[] {
  const body = resolved(document, operation['requestBody']);
  const content = resolved(document, body?.['content']);
  const schema = resolved(document, resolved(document, content?.['application/json'])?.['schema']);
  const properties = resolved(document, schema?.['properties']);
  if (schema === null || properties === null) return [];
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  return Object.entries(properties).map(([name, one]) =>
    fieldOf(document, { name, place: 'body', required: required.includes(name), schema: one }),
  );
}

/** Routes that only the document knows. Below the account's address, whatever stands before it there. */
function foreign(live: OpenApiDocument): Endpoint[] {
  const ours = new Set(Object.values(terminalTable).map(({ method, path }) => `${method} ${path}`));
  for (const page of ['GET /', 'GET /swagger-ui/', 'GET /swagger-ui', 'GET /ws']) ours.add(page);
  return Object.entries(resolved(live, live['paths']) ?? {}).flatMap(([written, item]) => {
    const path = written.replace(/^\/mt[45]\/\{[^}]*\}(?=\/)/, '');
    // A segment of dots would lead away from the account's address.
    if (!/^(\/(?!\.{1,2}(\/|$))[\w\-.{}]*)*$/.test(path)) return [];
    return Object.entries(resolved(live, item) ?? {}).flatMap(([verb, one]): Endpoint[] => {
      const method = verb.toUpperCase();
      const operation = resolved(live, one);
      const id = `${method} ${path}`;
      if (operation === null || !/^(GET|POST|PUT|PATCH|DELETE)$/.test(method) || ours.has(id)) return [];
      const summary = operation['summary'];
      return [
        {
          id,
          group: 'Other',
          base: 'terminal',
          method,
          path,
          summary: typeof summary === 'string' ? summary : 'Listed only in the document of this account',
          operation: null,
          needs: method === 'GET' ? 'read' : 'change',
          listed: true,
          runnable: method === 'GET',
          fields: fieldsOf(live, operation),
        },
      ];
    });
  });
}

function topics(live: OpenApiDocument | null): Endpoint[] {
  const socket = live === null ? null : operationOf(live, '/ws');
  const told = socket?.['x-fxsocket-topics'];
  const listed = Array.isArray(told)
    ? new Set(told.map((one) => (one as { topic?: unknown } | null)?.topic))
    : null;
  const symbol = fieldOf(ownTerminal, {
    name: 'symbol',
    place: 'body',
    required: true,
    schema: { type: 'string', minLength: 1 },
    description: 'As the broker spells it',
  });
  const timeframe: Field = { ...symbol, name: 'timeframe', options: timeframes, description: null };
  return Object.entries(topicShapes).map(([topic, { frame, needs }]) => ({
    id: `topic ${topic}`,
    group: 'Stream',
    base: 'socket',
    method: 'SUBSCRIBE',
    path: topic,
    summary: `Frames of type "${frame}" over the account's one socket`,
    operation: topic,
    needs: 'read',
    listed: listed === null || listed.has(topic),
    runnable: false,
    fields: needs.map((need) => (need === 'symbol' ? symbol : timeframe)),
  }));
}

function management(): Endpoint[] {
  return Object.entries(managementRoutes).map(([operation, route]) => ({
    id: `${route.method} /v1${route.path}`,
    group: 'Accounts of the key',
    base: 'management',
    method: route.method,
    path: route.path,
    summary: route.summary,
    operation,
    needs: route.needs === 'manage' ? 'change' : 'read',
    listed: true,
    runnable: route.method === 'GET',
    fields: ownFields(ownManagement, route),
  }));
}
