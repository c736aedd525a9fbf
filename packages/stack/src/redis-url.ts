// The address of a Redis on loopback, as REDIS_URL wants it. In: its port and its password. Out: a URL that holds the password.

/** Without a password: of a server that has none, as in tests. */
export function redisUrl(port: number, password?: string): string {
  return `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
}
