// Rows and bodies of the management API `/v1`. Names are snake_case, and times are UTC, unlike those of a terminal.

import { z } from 'zod';
import { wireIdentifier } from './identifier.ts';
import type { Readable } from './record.ts';

export const platforms = ['mt5', 'mt4'] as const;
export type WirePlatform = (typeof platforms)[number];

/** A row of `/v1/accounts`. Addresses are empty until the terminal is provisioned; `accountUrls` fills them in. */
export const wireAccountRow = z.object({
  id: z.string().min(1),
  nickname: z.string().nullish(),
  platform: z.string(),
  server: z.string(),
  login: z.int(),
  /** `connected`, `connecting`, `disconnected`, `error`, or a newer word. */
  status: z.string(),
  error: z.string().nullish(),
  rest_url: z.string().nullish(),
  ws_url: z.string().nullish(),
  proxy_address: z.string().nullish(),
  proxy_type: z.string().nullish(),
  proxy_local_port: z.number().nullish(),
  trade_ea_symbol: z.string().nullish(),
  created_at: z.string().nullish(),
});
export type WireAccountRow = Readable<z.infer<typeof wireAccountRow>>;

/** The body of `POST /v1/accounts`. The `proxy_…` fields are sent only when a proxy is used; `proxy_auth` is `user:password`. */
export const wireAccountLink = z.object({
  platform: z.enum(platforms).optional(),
  server: z.string().min(1),
  login: wireIdentifier,
  password: z.string().min(1),
  nickname: z.string().optional(),
  trade_ea_symbol: z.string().optional(),
  proxy_address: z.string().min(1).optional(),
  proxy_type: z.enum(['socks5', 'http']).optional(),
  proxy_auth: z.string().optional(),
  proxy_local_port: z.int().min(1).max(65_535).optional(),
});
export type WireAccountLink = z.infer<typeof wireAccountLink>;

/** The body of `PATCH /v1/accounts/{id}`, whose only field this is; empty restores the default. The terminal restarts. */
export const wireAccountUpdate = z.object({ trade_ea_symbol: z.string() });
export type WireAccountUpdate = z.infer<typeof wireAccountUpdate>;
