// Compares an account's live OpenAPI document with ours. In: both documents. Out: the differences by name. `breaking`: the gateway would
// refuse what this client sends, or would not send what it needs. `note`: the gateway offers more, or no longer promises an optional field.
// Where the live document is silent nothing is reported; the result says how much was compared.

import { isRoute, object, type OpenApiDocument, operationOf, resolved } from './open-api.ts';
import { type Kind, type Shape, shapeOf } from './schema-shape.ts';

export type DriftKind =
  | 'route_missing'
  | 'route_new'
  | 'parameter_missing'
  | 'parameter_new'
  | 'parameter_required'
  | 'parameter_type'
  | 'field_missing'
  | 'field_new'
  | 'field_type';

export interface Drift {
  readonly kind: DriftKind;
  readonly severity: 'breaking' | 'note';
  /** `GET /PriceHistory` */
  readonly route: string;
  /** Parameter or field, such as `[].time`; null: the whole route. */
  readonly name: string | null;
  /** The difference as a predicate, without the route: `is now required`. */
  readonly text: string;
}

export interface Comparison {
  /** Breaking drifts first. */
  readonly drifts: readonly Drift[];
  /** Number of routes that both documents list. */
  readonly routes: number;
  /** Number of parameters and fields whose type both documents state. */
  readonly compared: number;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Routes that only `live` has are notes. Paths of `live` may have a prefix (`/mt5/{id}`). */
export function compareOpenApi(live: OpenApiDocument, ours: OpenApiDocument): Comparison {
  const comparing = new Comparing(live, ours);
  for (const [path, item] of Object.entries(object(ours['paths']) ?? {}))
    for (const method of METHODS) {
      const operation = object(object(item)?.[method]);
      if (operation !== null) comparing.route(method, path, operation);
    }
  comparing.newRoutes();
  const { compared, drifts, routes } = comparing;
  const rank = { breaking: 0, note: 1 };
  return { drifts: drifts.toSorted((a, b) => rank[a.severity] - rank[b.severity]), routes, compared };
}

/** The direction of a value: parameters and bodies are sent, answers are received. */
type Way = 'sent' | 'received';

class Comparing {
  readonly #live: OpenApiDocument;
  readonly #ours: OpenApiDocument;
  readonly drifts: Drift[] = [];
  routes = 0;
  compared = 0;
  #route = '';

  constructor(live: OpenApiDocument, ours: OpenApiDocument) {
    this.#live = live;
    this.#ours = ours;
  }

  route(method: string, path: string, ours: OpenApiDocument): void {
    this.#route = `${method.toUpperCase()} ${path}`;
    const live = operationOf(this.#live, path, method);
    if (live === null) {
      const optional = ours['x-fxsocket-optional'] === true;
      const text = optional ? 'is missing, as on some bridges' : 'no longer exists';
      this.#note('route_missing', optional ? 'note' : 'breaking', null, text);
      return;
    }
    this.routes += 1;
    this.#parameters(live, ours);
    this.#schema(bodySchema(this.#live, live), bodySchema(this.#ours, ours), '', 'sent', 0);
    this.#schema(answerSchema(this.#live, live), answerSchema(this.#ours, ours), '', 'received', 0);
  }

  newRoutes(): void {
    const ours = Object.entries(object(this.#ours['paths']) ?? {});
    for (const [path, item] of Object.entries(object(this.#live['paths']) ?? {}))
      for (const method of METHODS.filter((one) => object(object(item)?.[one]) !== null)) {
        this.#route = `${method.toUpperCase()} ${path}`;
        const known = ours.some(([one, own]) => isRoute(path, one) && object(object(own)?.[method]) !== null);
        if (!known) this.#note('route_new', 'note', null, 'is new to this client');
      }
  }

  #parameters(live: OpenApiDocument, ours: OpenApiDocument): void {
    const theirs = queryParameters(this.#live, live);
    const own = queryParameters(this.#ours, ours);
    for (const [name, { required, schema }] of own) {
      const other = theirs.get(name);
      if (other === undefined) this.#note('parameter_missing', 'breaking', name, 'is no longer a parameter');
      else {
        if (other.required && !required)
          this.#note('parameter_required', 'breaking', name, 'is now required');
        this.#schema(other.schema, schema, name, 'sent', 0, 'parameter_type');
      }
    }
    for (const [name, { required }] of theirs) {
      if (own.has(name)) continue;
      if (required) this.#note('parameter_required', 'breaking', name, 'is a new required parameter');
      else this.#note('parameter_new', 'note', name, 'is a new parameter');
    }
  }

  #schema(
    live: unknown,
    ours: unknown,
    name: string,
    way: Way,
    depth: number,
    kind: 'field_type' | 'parameter_type' = 'field_type',
  ): void {
    const theirs = shapeOf(this.#live, live);
    const own = shapeOf(this.#ours, ours);
    if (theirs === null || own === null || depth > 8) return;
    if (theirs.kinds.size > 0 && own.kinds.size > 0) {
      this.compared += 1;
      // What we send must fit their schema, what we receive must fit ours.
      const wrong = way === 'sent' ? beyond(own, theirs) : beyond(theirs, own);
      if (wrong.length > 0) {
        const said = `is ${spell(theirs)} there and ${spell(own)} here`;
        this.#note(kind, 'breaking', name === '' ? 'the whole' : name, said);
        return;
      }
    }
    this.#fields(theirs, own, name, way, depth);
    if (theirs.items !== undefined && own.items !== undefined)
      this.#schema(theirs.items, own.items, `${name}[]`, way, depth + 1);
  }

  #fields(live: Shape, ours: Shape, under: string, way: Way, depth: number): void {
    if (live.fields.size === 0 || ours.fields.size === 0) return;
    const full = (name: string): string => (under === '' ? name : `${under}.${name}`);
    for (const [name, own] of ours.fields) {
      const other = live.fields.get(name);
      if (other !== undefined) {
        this.#schema(other.schema, own.schema, full(name), way, depth + 1);
        if (way === 'sent' && other.required && !own.required)
          this.#note('parameter_required', 'breaking', full(name), 'is now required');
      } else if (way === 'sent')
        this.#note('parameter_missing', 'breaking', full(name), 'is no longer accepted');
      else this.#note('field_missing', own.required ? 'breaking' : 'note', full(name), 'is no longer sent');
    }
    for (const [name, { required }] of live.fields) {
      if (ours.fields.has(name)) continue;
      if (way === 'received') this.#note('field_new', 'note', full(name), 'is a new field');
      else if (required) this.#note('parameter_required', 'breaking', full(name), 'is a new required field');
      else this.#note('parameter_new', 'note', full(name), 'is a new optional field');
    }
  }

  #note(kind: DriftKind, severity: Drift['severity'], name: string | null, text: string): void {
    this.drifts.push({ kind, severity, route: this.#route, name, text });
  }
}

/** Kinds that `from` allows and `into` does not. An integer is a number. */
function beyond(from: Shape, into: Shape): Kind[] {
  return [...from.kinds].filter(
    (kind) => !into.kinds.has(kind) && !(kind === 'integer' && into.kinds.has('number')),
  );
}

const spell = ({ kinds }: Shape): string => [...kinds].toSorted().join(' or ');

function queryParameters(document: OpenApiDocument, operation: OpenApiDocument) {
  const listed = Array.isArray(operation['parameters']) ? (operation['parameters'] as unknown[]) : [];
  const found = new Map<string, { required: boolean; schema: unknown }>();
  for (const one of listed) {
    const parameter = resolved(document, one);
    const name = parameter?.['name'];
    if (parameter?.['in'] === 'query' && typeof name === 'string')
      found.set(name, { required: parameter['required'] === true, schema: parameter['schema'] });
  }
  return found;
}

const bodySchema = (document: OpenApiDocument, operation: OpenApiDocument): unknown =>
  jsonSchema(resolved(document, operation['requestBody']));

function answerSchema(document: OpenApiDocument, operation: OpenApiDocument): unknown {
  const responses = object(operation['responses']) ?? {};
  const status = Object.keys(responses).find((one) => one.startsWith('2'));
  return status === undefined ? undefined : jsonSchema(resolved(document, responses[status]));
}

const jsonSchema = (holder: OpenApiDocument | null): unknown =>
  object(object(holder?.['content'])?.['application/json'])?.['schema'];
