// Which parts of an error go into a log. In: an error of ours, of Node or of a driver. Out: its kind, code, message and stack, and those of
// its causes. Nothing else: drivers attach what they were doing to their errors, including passwords (ioredis: the command AUTH), rows and
// sockets. For errors with a hint (ours and the gateway client's), their facts are logged too.

/** Causes and parts beyond that are left out. */
const DEEPEST = 5;
const MOST_PARTS = 5;
const FACTS = ['kind', 'hint', 'status', 'serverCode', 'retryAfterMs', 'context'] as const;

export interface ToldError {
  readonly type: string;
  readonly code?: string | number;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ToldError | string;
  readonly errors?: readonly (ToldError | string)[];
}

export function tellError(error: Error, depth = 0): ToldError {
  const { code } = error as { code?: unknown };
  const facts: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(error));
  const isOurs = typeof facts['hint'] === 'string';
  const tell = (other: unknown): ToldError | string =>
    other instanceof Error ? tellError(other, depth + 1) : String(other).slice(0, 500);
  const goesOn = depth < DEEPEST;
  return {
    type: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message: error.message,
    ...(isOurs ? Object.fromEntries(FACTS.map((name) => [name, facts[name]])) : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(goesOn && error.cause !== undefined && error.cause !== null ? { cause: tell(error.cause) } : {}),
    ...(goesOn && error instanceof AggregateError
      ? { errors: error.errors.slice(0, MOST_PARTS).map(tell) }
      : {}),
  };
}
