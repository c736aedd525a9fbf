// Asks whether a server answers. In: an address. Out: yes or no, within a second; every failure to answer is a no, and the caller
// decides what a no means. These are the only questions that the stack asks: everything else belongs to the packages.
import { connect } from 'node:net';
import type { Env } from '@fxtape/ops';
import { runCommand } from './run-command.ts';

const DEADLINE_MS = 1000;

/** True when QuestDB itself answers a query at `httpUrl`. A server that asks for a password is QuestDB too, but not this yes. */
export async function questDbAnswers(httpUrl: string): Promise<boolean> {
  const body = await httpGet(`${httpUrl}/exec?query=${encodeURIComponent('select build()')}`);
  return body !== null && body.status === 200 && body.text.includes('QuestDB');
}

/** True when anything speaks HTTP at `httpUrl`, whatever it says. */
export async function httpAnswers(httpUrl: string): Promise<boolean> {
  return (await httpGet(`${httpUrl}/ping`)) !== null;
}

async function httpGet(url: string): Promise<{ status: number; text: string } | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS), redirect: 'manual' });
    return { status: response.status, text: await response.text() };
  } catch {
    // Refused, reset, too slow, not HTTP, an untrusted certificate: to a probe all of these are "does not answer".
    return null;
  }
}

/** True when Redis at `url` answers PING with PONG, or asks for a password (then it is there, and the client has to log in). */
export async function redisAnswers(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  if (protocol !== 'redis:') return tcpAnswers(hostname, Number(port || 6379));
  const reply = await tcpAsk(hostname, Number(port || 6379), 'PING\r\n');
  return reply !== null && /^(\+PONG|-NOAUTH)/.test(reply);
}

/** True when a TCP connection to the port is accepted. */
export async function tcpAnswers(host: string, port: number): Promise<boolean> {
  return (await tcpAsk(host, port, null)) !== null;
}

function tcpAsk(host: string, port: number, question: string | null): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port });
    const end = (answer: string | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(DEADLINE_MS, () => end(null));
    socket.once('error', () => end(null));
    socket.once('connect', () => (question === null ? end('') : socket.write(question)));
    socket.once('data', (data) => end(data.toString('latin1')));
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
