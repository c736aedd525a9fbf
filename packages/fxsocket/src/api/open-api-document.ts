// Generates an OpenAPI 3.1 document. In: a table of routes, a title, a version, addresses. Out: the document, built from the schemas that the
// client checks answers with. Extensions: the permission a route needs (`x-fxsocket-needs`), whether a bridge may lack it
// (`x-fxsocket-optional`), and the topics of the socket (`x-fxsocket-topics` of `/ws`).

import { z } from 'zod';
import { wireIdentifier } from '../wire/identifier.ts';
import type { OpenApiDocument } from './open-api.ts';
import type { ApiRoute } from './route.ts';
import { managementError, schemaNames, terminalError } from './schema-names.ts';
import { topicShapes } from './topics.ts';

export interface DocumentOptions {
  readonly title: string;
  readonly version: string;
  /** Base addresses; the paths of the document are relative to them. */
  readonly servers?: readonly string[];
  /** By operation id. */
  readonly routes: Readonly<Record<string, ApiRoute>>;
  /** Also describes the socket at `/ws`. */
  readonly socket?: boolean;
}

type Json = Record<string, unknown>;

/** The document, as plain JSON. */
export function openApiDocument(o: DocumentOptions): OpenApiDocument {
  const components: Json = {};
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(o.routes)) {
    const at = (paths[route.path] ??= {});
    at[route.method.toLowerCase()] = operation(name, route, components);
  }
  if (o.socket === true) paths['/ws'] = { get: socketOperation(components) };
  return {
    openapi: '3.1.0',
    info: { title: o.title, version: o.version },
    ...(o.servers === undefined ? {} : { servers: o.servers.map((url) => ({ url })) }),
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        apiKeyInQuery: { type: 'apiKey', in: 'query', name: 'api_key' },
      },
      schemas: Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(name: string, route: ApiRoute, components: Json): Json {
  const pathParameters = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, each]) => ({
    name: each,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1 },
  }));
  const parameters = [...pathParameters, ...queryParameters(route, components)];
  const body =
    route.body === null
      ? {}
      : { requestBody: { required: true, content: json(schemaOf(route.body, components)) } };
  return {
    operationId: name,
    summary: route.summary,
    'x-fxsocket-needs': route.needs,
    ...(route.optional ? { 'x-fxsocket-optional': true } : {}),
    ...(route.needs === 'nothing' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...body,
    responses: responses(route, components),
  };
}

function queryParameters({ query }: ApiRoute, components: Json): Json[] {
  return Object.entries(query.shape as Record<string, z.ZodType>).map(([name, field]) => ({
    name,
    in: 'query',
    required: !field.safeParse(undefined).success,
    ...(field.description === undefined ? {} : { description: field.description }),
    schema: schemaOf(field, components),
  }));
}

function responses(route: ApiRoute, components: Json): Json {
  const content = route.page
    ? { content: { 'text/html': { schema: { type: 'string' } } } }
    : route.answer === null
      ? {}
      : { content: json(schemaOf(route.answer, components)) };
  const happy = [route.status, ...route.alsoAt].map((status) => [
    status,
    { description: status === route.status ? route.summary : 'The same body, unhealthy', ...content },
  ]);
  const unhappy = route.errors.map((status) => [
    status,
    {
      description: MEANINGS[status] ?? 'Refused',
      content: {
        ...json(schemaOf(route.base === 'terminal' ? terminalError : managementError, components)),
        ...otherTexts(status),
      },
    },
  ]);
  return Object.fromEntries([...happy, ...unhappy]) as Json;
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request is invalid',
  401: 'The key is missing or invalid',
  402: 'Not paid for',
  403: 'The key may not do this',
  404: 'Not found, or outside the scope of the key',
  409: 'The request conflicts with the current state',
  429: 'Too many requests; Retry-After says how long to wait',
  500: 'The gateway could not carry out the request',
  502: 'The server behind the gateway is down',
  503: 'The terminal is down, or has just started',
  504: 'It took too long',
};

/** What may come instead of JSON: plain text from the edge, HTML from a proxy. */
function otherTexts(status: number): Json {
  const text = { schema: { type: 'string' } };
  if (status === 404) return { 'text/plain': text };
  return status >= 502 ? { 'text/html': text } : {};
}

function socketOperation(components: Json): Json {
  const topics = Object.entries(topicShapes).map(([topic, { data, frame, needs }]) => ({
    topic,
    frame,
    needs,
    data: schemaOf(data, components),
  }));
  const error = { content: json(schemaOf(terminalError, components)) };
  return {
    operationId: 'stream',
    summary: 'The stream: a WebSocket. One per account',
    'x-fxsocket-needs': 'read',
    'x-fxsocket-topics': topics,
    security: [{ apiKeyInQuery: [] }],
    responses: {
      101: { description: 'The socket is open' },
      401: { description: MEANINGS[401], ...error },
      503: { description: MEANINGS[503], ...error },
    },
  };
}

const json = (schema: Json): Json => ({ 'application/json': { schema } });

/** A schema as JSON Schema. Named schemas become references and are added to `components`. */
function schemaOf(schema: z.ZodType, components: Json): Json {
  const text = JSON.stringify(
    z.toJSONSchema(schema, {
      metadata: schemaNames,
      io: 'input', // fields that nobody listed are allowed
      unrepresentable: 'any', // the bigint half of an identifier, replaced below
      override: ({ jsonSchema, zodSchema }) => {
        if (zodSchema !== wireIdentifier) return;
        for (const key of Object.keys(jsonSchema)) delete jsonSchema[key as keyof typeof jsonSchema];
        Object.assign(jsonSchema, { type: 'integer', format: 'int64' });
      },
    }),
  );
  const whole = JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
  const { $defs, $schema: _dialect, ...own } = whole;
  Object.assign(components, $defs);
  return own;
}
