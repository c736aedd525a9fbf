// A stand-in for QuestDB in tests that does on request what a real server cannot be made to do: hang, reset, lie. In: a verdict per
// request to /write. Out: what arrived, in order, and what it took in. Lines must not contain escaped newlines or binary values.
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export type Verdict =
  /** 204, the lines are taken in. */
  | 'store'
  /** The connection is cut as soon as the head of the request is in. */
  | 'reset'
  /** The whole request is read and taken in, then the connection is cut without an answer. */
  | 'store-and-reset'
  /** The request is read, and nothing follows. */
  | 'hang'
  /** Half an answer, then the connection is cut. */
  | 'half-answer'
  | { readonly status: number; readonly type?: string; readonly body?: string; readonly afterMs?: number };

export interface Arrived {
  readonly lines: readonly string[];
  readonly verdict: Verdict;
}

export class MisbehavingServer {
  /** Every request to /write, in order. */
  readonly arrived: Arrived[] = [];
  /** Lines taken in, in order, repeats included. */
  readonly stored: string[] = [];
  /** What to do with a request. */
  judge: (lines: readonly string[], nth: number) => Verdict = () => 'store';
  /** Answers to /exec: a result, or an error text. */
  query: (sql: string) => { columns: string[]; dataset: unknown[][] } | { error: string } = () => ({
    error: 'not a database',
  });
  /** Most requests that were open at the same time. */
  mostOpen = 0;
  #open = 0;
  #port = 0;
  #server: http.Server | null = null;

  /** `http::addr=…;` with a time limit of 300 ms. */
  get conf(): string {
    return `http::addr=127.0.0.1:${this.#port};request_timeout=300;`;
  }

  /** Listens, at the same port as before if it did before. */
  async start(): Promise<void> {
    const server = http.createServer((request, response) => this.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Cuts all connections and refuses new ones. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  #serve(request: http.IncomingMessage, response: http.ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://x');
    if (url.pathname === '/exec') return this.#answerQuery(url.searchParams.get('query') ?? '', response);
    const nth = this.arrived.length;
    this.mostOpen = Math.max(this.mostOpen, ++this.#open);
    response.on('close', () => this.#open--);
    const parts: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (part: Buffer) => {
      if (parts.push(part) === 1 && this.judge([], nth) === 'reset') {
        this.arrived.push({ lines: [], verdict: 'reset' });
        request.socket.resetAndDestroy();
      }
    });
    request.on('end', () => {
      const lines = Buffer.concat(parts).toString().split('\n').slice(0, -1);
      const verdict = this.judge(lines, nth);
      this.arrived.push({ lines, verdict });
      this.#carryOut(verdict, lines, response);
    });
  }

  #carryOut(verdict: Verdict, lines: string[], response: http.ServerResponse): void {
    if (verdict === 'store' || verdict === 'store-and-reset') this.stored.push(...lines);
    if (verdict === 'store') response.writeHead(204).end();
    else if (verdict === 'store-and-reset' || verdict === 'reset') response.socket?.resetAndDestroy();
    else if (verdict === 'half-answer') {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setImmediate(() => response.socket?.resetAndDestroy());
    } else if (verdict !== 'hang') {
      const { status, type = 'application/json', body = '', afterMs = 0 } = verdict;
      if (status === 204) this.stored.push(...lines);
      setTimeout(() => response.writeHead(status, { 'content-type': type }).end(body), afterMs);
    }
  }

  #answerQuery(sql: string, response: http.ServerResponse): void {
    const result = this.query(sql);
    const failed = 'error' in result;
    response.writeHead(failed ? 400 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        failed
          ? { query: sql, error: result.error, position: 0 }
          : {
              query: sql,
              columns: result.columns.map((name) => ({ name, type: 'VARCHAR' })),
              dataset: result.dataset,
              count: result.dataset.length,
            },
      ),
    );
  }
}

/** The answer of QuestDB to a line it cannot take. */
export function badLine(line: number, message = 'cast error'): Verdict {
  const text = `failed to parse line protocol:errors encountered on line(s):\nerror in line ${line}: ${message}`;
  return { status: 400, body: JSON.stringify({ code: 'invalid', message: text, line, errorId: 'x-1' }) };
}
