// The forms of variables that many processes have, as zod schemas: an invalid one is reported by name before anything starts.
import { z } from 'zod';
import { parseListenAddr } from './listen-addr.ts';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** LOG_LEVEL: a pino level. */
export const logLevel = z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info');

/** An address to listen on. */
export const listenAddr = (byDefault: string) =>
  z
    .string()
    .refine(isListenAddr, 'must be host:port, for example 127.0.0.1:7070 or [::1]:7070')
    .default(byDefault);

/** A URL; `protocols`: without the colon. */
export const addressOf = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `must be an address such as ${example}` });

function isListenAddr(text: string): boolean {
  try {
    parseListenAddr(text);
    return true;
  } catch {
    return false; // the one thing it throws for is a text that is no address
  }
}
