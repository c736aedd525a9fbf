// The error bodies of the gateway, exactly as its reference shows them. In: what went wrong. Out: status and body. Terminal errors carry a
// command number, `/v1` has another shape, and an unknown path answers plain text.

/** An answer to a REST request. A string or bytes are sent as they are, anything else as JSON. */
export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection is reset in the middle of the body. */
  readonly breakOff?: boolean;
}

export const ok = (body: unknown): RestAnswer => ({ status: 200, body });

let commandId = 0;

const enveloped = (status: number, error: string, message: string): RestAnswer => ({
  status,
  body: { error, message, command_id: ++commandId },
});

export const validation = (message: string): RestAnswer => enveloped(400, 'MRPC_VALIDATION', message);

/** The symbol is not listed, or its history is not loaded: `CopyRates failed`, `SymbolSelect failed`. */
export const failed = (call: string): RestAnswer => enveloped(500, 'MRPC', `${call} failed`);

export const timedOut = (operation: string): RestAnswer =>
  enveloped(504, 'MRPC_TIMEOUT', `${operation} timed out`);

/** A read-only key on a trading route. */
export const readOnly = (): RestAnswer => enveloped(403, 'read_only', 'this key is read-only');

/** The terminal has just started and its trade EA is not registered yet. */
export const unready = (): RestAnswer => enveloped(503, 'MRPC_UNAVAILABLE', 'trade EA is not registered yet');

/** Sent only by faults; the simulator enforces no limit. */
export const tooMany = (): RestAnswer => enveloped(429, 'MRPC', 'too many requests');

export const unauthorized: RestAnswer = {
  status: 401,
  body: {
    error: 'MRPC_UNAUTHORIZED',
    message: 'missing or invalid API key (X-API-Key header or api_key query parameter)',
  },
};

export const v1Unauthorized: RestAnswer = { status: 401, body: { detail: 'Invalid API key.' } };
export const v1ReadOnly: RestAnswer = {
  status: 403,
  body: { error: 'read_only', detail: 'This key is read-only.' },
};
export const v1Failed = (
  status: number,
  error: string,
  detail: string,
  more: Record<string, number> = {},
): RestAnswer => ({ status, body: { error, detail, ...more } });
export const v1NotFound: RestAnswer = { status: 404, body: { detail: 'Not found.' } };

/** An unknown account or path at the terminal's edge. */
export const notFound: RestAnswer = { status: 404, body: 'Not Found', contentType: 'text/plain' };

/** The terminal itself is down: no envelope. */
export const terminalDown: RestAnswer = {
  status: 503,
  body: '<html><head><title>503 Service Temporarily Unavailable</title></head></html>',
  contentType: 'text/html',
};
