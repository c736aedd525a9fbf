// An account's live OpenAPI document against ours. In: both documents. Out: what differs, by name. `breaking`: what this client sends would
// be refused, or what it needs would not come. `note`: the gateway offers more, or promises less than it may still give. Where the live
// document does not tell, nothing is said; how much was compared is told with the result.

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
  /** Parameter or field, `[].time`; null: the route as a whole. */
  readonly name: string | null;
  /** The difference in a sentence, without the route. */
  readonly text: string;
}

export interface Comparison {
  /** Breaking ones first. */
  readonly drifts: readonly Drift[];
  /** Routes found in both. */
  readonly routes: number;
  /** Parameters and fields found in both, with a type told by both. */
  readonly compared: number;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Routes of `ours` decide; others of `live` are notes. Paths of `live` may have something before them (`/mt5/{id}`). */
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

/** Which way values go: we send parameters and bodies, and receive answers. */
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
      // What is sent has to fit theirs, what is received has to fit ours.
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

/** Kinds that the first may have and the second does not take. A whole number is a number. */
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
