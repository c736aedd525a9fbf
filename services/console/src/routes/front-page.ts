// The page at `/`: where to go from here. In: nothing. Out: links, the same for everybody; the pages behind them check who may read.
import type { FastifyInstance } from 'fastify';

const LINKS = [
  ['/request', 'build a request to the gateway, and run it'],
  ['/queues', 'jobs that fetch history'],
  ['/readyz', 'whether every account is recorded, and if not, why'],
  ['/api/streams', 'each stream: its state and its newest data'],
  ['/api/gaps', 'what is missing and why'],
  ['/api/outages', 'the same, grouped by incident'],
  ['/api/clocks', 'the clock rule of each broker'],
  ['/api/jobs', 'jobs in numbers'],
  ['/api/openapi.json', 'this API, described for programs'],
  ['/metrics', 'metrics for Prometheus'],
] as const;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>fxtape</title>
<h1>fxtape</h1>
<p>A flight recorder for MetaTrader accounts. <code>fxtape status</code> shows all of it on one screen.</p>
<dl>${LINKS.map(([path, what]) => `\n<dt><a href="${path}">${path}</a></dt><dd>${what}</dd>`).join('')}
</dl>
`;

export function frontPage(app: FastifyInstance): void {
  app.get('/', { schema: { hide: true } }, (_request, reply) =>
    reply
      .headers({
        'content-security-policy':
          "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      .type('text/html; charset=utf-8')
      .send(PAGE),
  );
}
