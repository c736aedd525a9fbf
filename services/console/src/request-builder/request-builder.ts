// The page /request: choose an account, what to ask of it and with what; get a command, or run it when it only reads. In: the accounts. Out: a
// fastify plugin with the page and the four questions that it asks. The key of an account is used here, in the console's own request to the
// gateway, and is in nothing that goes to the browser: commands name a variable, and answers are searched for it.
import { foreignPage, FxtapeError, type HttpGuard, type Log, Redactor } from '@fxtape/ops';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { browserAccess } from '../browser-access.ts';
import type { GatewayAccounts, Surface } from './accounts.ts';
import { addressOf, verifiesTls } from './address.ts';
import { askGateway } from './ask-gateway.ts';
import { commandsFor } from './commands.ts';
import { fillIn, type Filled, type Problem } from './fill-in.ts';
import { indentJson } from './indent-json.ts';

export const BUILDER_PATH = '/request';
const MOST_BYTES = 256 * 1024;
const DEADLINE_MS = 20_000;
/** One that a person runs, and the list of symbols that the page asks for. */
const MOST_AT_ONCE = 2;
/** Nothing but what the console itself serves, no inline code, and no text that becomes markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
];
const FILES = [
  ['', 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/field-row.js', 'field-row.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
] as const;

const ofAccount = z.strictObject({ account: z.string() });
const filledForm = z.strictObject({
  account: z.string(),
  endpoint: z.string(),
  values: z.record(z.string(), z.string()),
});
type Form = z.output<typeof filledForm>;

export async function requestBuilder(
  app: FastifyInstance,
  o: { accounts: GatewayAccounts; guard: HttpGuard; log: Log },
): Promise<void> {
  const { accounts } = o;
  const hide = { hide: true };
  await app.register(
    async (inner) => {
      // What a form of another page could send without asking is not taken.
      inner.removeContentTypeParser('text/plain');
      inner.addHook(
        'onRequest',
        browserAccess({
          guard: o.guard,
          path: BUILDER_PATH,
          cookie: 'fxtape_request',
          policy: POLICY,
          refuse: onlyThePage,
        }),
      );
      for (const [path, name, type] of FILES) {
        const text = await readFile(new URL(`page/${name}`, import.meta.url), 'utf8');
        inner.get(path, { schema: hide }, async (_request, reply) =>
          reply.headers({ 'content-type': type, 'cache-control': 'no-cache' }).serializer(String).send(text),
        );
      }
      inner.get('/accounts', { schema: hide }, () => accounts.list());
      inner.get<{ Querystring: { account: string } }>(
        '/endpoints',
        { schema: { ...hide, querystring: ofAccount } },
        (request) => accounts.surface(request.query.account),
      );
      inner.post<{ Body: Form }>('/commands', { schema: { ...hide, body: filledForm } }, async ({ body }) => {
        const { filled, problems, surface } = await formOf(accounts, body);
        return { problems, commands: problems.length > 0 ? null : commandsFor(surface.target, filled) };
      });
      const run = runner(o);
      inner.post<{ Body: Form }>('/run', { schema: { ...hide, body: filledForm } }, ({ body }) => run(body));
    },
    { prefix: BUILDER_PATH },
  );
}

/** Its questions make the console ask the gateway, so not even a link from another page may ask them. */
function onlyThePage(request: FastifyRequest): void {
  const refusal = foreignPage(request.headers);
  if (refusal !== null && request.routeOptions.url !== BUILDER_PATH) throw refusal;
}

interface Question {
  readonly surface: Surface;
  readonly filled: Filled;
  readonly problems: readonly Problem[];
}

/** @throws REQUEST_INVALID: no such account, or nothing of this name can be asked of it. */
async function formOf(accounts: GatewayAccounts, form: Form): Promise<Question> {
  const surface = await accounts.surface(form.account);
  const endpoint = surface.endpoints.find(({ id }) => id === form.endpoint);
  if (endpoint === undefined) throw invalid('there is no request of this name', 'Reload the page');
  return { surface, ...fillIn(endpoint, form.values) };
}

/** Few requests of an account at once: its terminal answers them one after the other anyway, and its recorder asks too. */
function runner(o: { accounts: GatewayAccounts; log: Log }) {
  const running = new Map<string, number>();
  return async (form: Form) => {
    const { filled, problems, surface } = await formOf(o.accounts, form);
    const { endpoint } = filled;
    if (!endpoint.runnable)
      throw new FxtapeError({
        code: 'REQUEST_REFUSED',
        message: `the console does not send ${endpoint.id}`,
        context: { status: 403 },
      });
    const [first] = problems;
    if (first !== undefined) throw invalid(`${first.field} ${first.text}`, 'Correct the field');
    const apiKey = await o.accounts.key(form.account);
    const others = running.get(form.account) ?? 0;
    if (others >= MOST_AT_ONCE)
      throw new FxtapeError({
        code: 'REQUEST_BUSY',
        message: `${others} requests of "${form.account}" are still running`,
        context: { status: 429 },
      });
    running.set(form.account, others + 1);
    try {
      const url = addressOf(surface.target, filled);
      const answer = await askGateway({
        url,
        apiKey: endpoint.needs === 'nothing' ? null : apiKey,
        tlsVerify: verifiesTls(surface.target, filled),
        mostBytes: MOST_BYTES,
        deadlineMs: DEADLINE_MS,
      });
      o.log.info({ account: form.account, route: endpoint.id, status: answer.status }, 'ran a request');
      const text = answer.cut ? answer.text : (indentJson(answer.text) ?? answer.text);
      const redactor = new Redactor([apiKey]);
      const contentType = redactor.redact(answer.contentType);
      return { ...answer, contentType, text: redactor.redact(text) };
    } finally {
      running.set(form.account, (running.get(form.account) ?? 1) - 1);
    }
  };
}

const invalid = (message: string, hint: string): FxtapeError =>
  new FxtapeError({ code: 'REQUEST_INVALID', message, hint, context: { status: 400 } });
