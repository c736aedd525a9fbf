// Describes a route of the gateway: address, parameters, body, answer, permission. In: a short description. Out: the complete one, with the
// usual errors filled in. This folder only describes; it calls nothing.

import { z } from 'zod';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** The permission a route needs. `nothing`: no key; `read`: any key that reaches the account; `trade`, `manage`: a full key. */
export type Need = 'nothing' | 'read' | 'trade' | 'manage';

export interface ApiRoute<
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodObject | null = z.ZodObject | null,
  A extends z.ZodType | null = z.ZodType | null,
> {
  /** Below an account's terminal, or below `/v1`. */
  readonly base: 'terminal' | 'management';
  readonly method: Method;
  /** `{id}` is a path parameter. */
  readonly path: string;
  readonly summary: string;
  readonly query: Q;
  /** Null: no body. */
  readonly body: B;
  readonly status: number;
  /** Null: not JSON; see `page`. */
  readonly answer: A;
  /** The answer is an HTML page. */
  readonly page: boolean;
  /** Other statuses whose body is an ordinary answer: 503 of a health probe. */
  readonly alsoAt: readonly number[];
  readonly errors: readonly number[];
  readonly needs: Need;
  /** True when not every bridge has the route. */
  readonly optional: boolean;
}

type Given<Q extends z.ZodObject, B extends z.ZodObject | null, A extends z.ZodType | null> = Pick<
  ApiRoute<Q, B, A>,
  'path' | 'summary' | 'answer'
> & {
  readonly query?: Q;
  readonly body?: B;
  readonly status?: number;
  readonly page?: boolean;
  readonly alsoAt?: readonly number[];
  readonly errors?: readonly number[];
  readonly optional?: boolean;
};

const none = z.object({});
type None = typeof none;

/** Errors of every terminal route: wrong key or account, too many requests, a terminal that is down, starting or slow. */
const TERMINAL_ERRORS = [401, 404, 429, 500, 502, 503, 504];
const MANAGEMENT_ERRORS = [401, 429, 500, 502, 503];

function route<Q extends z.ZodObject, B extends z.ZodObject | null, A extends z.ZodType | null>(
  of: Pick<ApiRoute, 'base' | 'method' | 'needs'> & { usual: readonly number[] },
  given: Given<Q, B, A>,
): ApiRoute<Q, B, A> {
  const { usual, ...rest } = of;
  const query = given.query ?? (none as z.ZodObject as Q);
  const body = given.body ?? (null as B);
  const takes = body !== null || Object.keys(query.shape).length > 0;
  const errors = [...(takes ? [400] : []), ...usual, ...(given.errors ?? [])];
  return {
    ...rest,
    path: given.path,
    summary: given.summary,
    query,
    body,
    status: given.status ?? 200,
    answer: given.answer,
    page: given.page ?? false,
    alsoAt: given.alsoAt ?? [],
    errors: [...new Set(errors)]
      .filter((status) => given.alsoAt?.includes(status) !== true)
      .toSorted((a, b) => a - b),
    optional: given.optional ?? false,
  };
}

/** A terminal route that reads. */
export const readRoute = <A extends z.ZodType, Q extends z.ZodObject = None>(given: Given<Q, null, A>) =>
  route({ base: 'terminal', method: 'GET', needs: 'read', usual: TERMINAL_ERRORS }, given);

/** A terminal route that needs no key. */
export const openRoute = <A extends z.ZodType | null>(given: Given<None, null, A>) =>
  route({ base: 'terminal', method: 'GET', needs: 'nothing', usual: [404, 502, 503] }, given);

/** A terminal route that changes something at the broker. */
export const tradeRoute = <A extends z.ZodType, B extends z.ZodObject>(given: Given<None, B, A>) =>
  route({ base: 'terminal', method: 'POST', needs: 'trade', usual: [403, ...TERMINAL_ERRORS] }, given);

/** A route below `/v1`; it reads unless `method` says otherwise. */
export const managementRoute = <A extends z.ZodType | null, B extends z.ZodObject | null = null>(
  given: Given<None, B, A> & { readonly method?: Method },
) => {
  const { method = 'GET', ...rest } = given;
  const reads = method === 'GET';
  const usual = reads ? MANAGEMENT_ERRORS : [...MANAGEMENT_ERRORS, 403];
  return route({ base: 'management', method, needs: reads ? 'read' : 'manage', usual }, rest);
};
