// Every `fetch` of a test gets a connection of its own: a server may close one that it kept for some seconds at the very moment when a slow
// machine sends the next request over it.
const kept = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('connection', 'close');
  return kept(input, { ...init, headers });
};
