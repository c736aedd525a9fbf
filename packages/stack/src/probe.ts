// Asks whether a server answers. In: an address. Out: yes or no, within a second; every failure to answer is a no, and the caller
// decides what a no means. These are the only questions that the stack asks: everything else belongs to the packages.
import { connect } from 'node:net';
import type { Env } from '@fxtape/ops';
import { ADMIN } from './questdb-address.ts';
import { runCommand } from './run-command.ts';

const DEADLINE_MS = 1000;

/** True when QuestDB itself answers a query at `httpUrl` to whoever has this password of its admin, or to anybody (null). */
export async function questDbAnswers(httpUrl: string, password: string | null = null): Promise<boolean> {
  const url = `${httpUrl}/exec?query=${encodeURIComponent('select build()')}`;
  const body = await httpGet(url, password === null ? {} : { authorization: basic(ADMIN, password) });
  return body !== null && body.status === 200 && body.text.includes('QuestDB');
}

/**
 * True when a QuestDB at `httpUrl` that asks for no password holds a recording of fxtape: the record of its migrations is the mark. Looks
 * and writes nothing.
 */
export async function holdsRecording(httpUrl: string): Promise<boolean> {
  const sql = "select count() n from tables() where table_name = 'schema_migrations'";
  const body = await httpGet(`${httpUrl}/exec?query=${encodeURIComponent(sql)}`);
  return body !== null && body.status === 200 && /"dataset":\[\[1\]\]/.test(body.text);
}

/** True when anything speaks HTTP at `httpUrl`, whatever it says. */
export async function httpAnswers(httpUrl: string): Promise<boolean> {
  return (await httpGet(`${httpUrl}/ping`)) !== null;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

async function httpGet(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string } | null> {
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const response = await fetch(url, { signal, redirect: 'manual', headers });
    return { status: response.status, text: await response.text() };
  } catch {
    // Refused, reset, too slow, not HTTP, an untrusted certificate: to a probe all of these are "does not answer".
    return null;
  }
}

/** True when Redis at `url` answers PING with PONG, after a login with the password of the URL. Behind TLS: when it can be reached. */
export async function redisAnswers(url: string): Promise<boolean> {
  const { hostname, password, port, protocol, username } = new URL(url);
  if (protocol !== 'redis:') return tcpAnswers(hostname, Number(port || 6379));
  const words = ['AUTH', ...(username === '' ? [] : [username]), password].map(decodeURIComponent);
  const logIn = password === '' ? '' : command(words);
  const reply = await tcpAsk(hostname, Number(port || 6379), `${logIn}PING\r\n`, /PONG|^-/m);
  return reply !== null && reply.includes('+PONG');
}

function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

/** True when a TCP connection to the port is accepted. */
export async function tcpAnswers(host: string, port: number): Promise<boolean> {
  return (await tcpAsk(host, port, null)) !== null;
}

/** What is answered until it looks like `whole`. */
function tcpAsk(
  host: string,
  port: number,
  question: string | null,
  whole: RegExp = /^/,
): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port });
    const end = (answer: string | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(DEADLINE_MS, () => end(null));
    socket.once('error', () => end(null));
    socket.once('connect', () => (question === null ? end('') : socket.write(question)));
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (whole.test(text)) end(text);
    });
    socket.once('close', () => end(null));
  });
}

/** The version of the Docker engine that answers, or null: no client, no engine, no permission. */
export async function dockerVersion(env: Env): Promise<string | null> {
  const { code, stdout } = await runCommand('docker', ['version', '--format', '{{.Server.Version}}'], {
    env,
    deadlineMs: 5000,
  });
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : null;
}
