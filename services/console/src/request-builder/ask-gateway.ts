// One GET, answered as text. In: an address, the key, how much and how long. Out: status and text as they came, cut where they are too long;
// an error when nothing came. Redirects are shown, never followed: the key stays with the host that it was meant for.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { FxtapeError } from '@fxtape/ops';

export interface GatewayQuestion {
  readonly url: string;
  /** Null: the route needs none. */
  readonly apiKey: string | null;
  readonly tlsVerify: boolean;
  readonly mostBytes: number;
  readonly deadlineMs: number;
}

export interface GatewayText {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** There was more. */
  readonly cut: boolean;
  readonly tookMs: number;
}

/** @throws REQUEST_FAILED */
export async function askGateway(o: GatewayQuestion): Promise<GatewayText> {
  const startedMs = performance.now();
  const signal = AbortSignal.timeout(o.deadlineMs);
  try {
    const answer = await send(o, signal);
    const { cut, text } = await readText(answer, o.mostBytes);
    return {
      status: answer.statusCode ?? 0,
      contentType: answer.headers['content-type'] ?? '',
      text,
      cut,
      tookMs: Math.round(performance.now() - startedMs),
    };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = signal.aborted
      ? `did not answer within ${o.deadlineMs / 1000} s`
      : `cannot be reached (${code ?? message})`;
    throw new FxtapeError({
      code: 'REQUEST_FAILED',
      message: `${new URL(o.url).origin} ${why}`,
      context: { status: signal.aborted ? 504 : 502 },
      cause,
    });
  }
}

function send(o: GatewayQuestion, signal: AbortSignal): Promise<IncomingMessage> {
  const secure = new URL(o.url).protocol === 'https:';
  const headers = { accept: 'application/json', ...(o.apiKey === null ? {} : { 'x-api-key': o.apiKey }) };
  const options = { method: 'GET', headers, signal, agent: false } as const;
  return new Promise((resolve, reject) => {
    const request = secure
      ? httpsRequest(o.url, { ...options, rejectUnauthorized: o.tlsVerify })
      : httpRequest(o.url, options);
    request.once('response', resolve);
    request.once('error', reject);
    request.end();
  });
}

async function readText(answer: IncomingMessage, mostBytes: number): Promise<{ text: string; cut: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBytes) break; // leaving the loop ends the connection
  }
  const whole = Buffer.concat(chunks);
  const cut = bytes > mostBytes;
  // A character that is cut in half at the end is left out.
  const text = new TextDecoder().decode(whole.subarray(0, mostBytes), { stream: cut });
  return { text, cut };
}
