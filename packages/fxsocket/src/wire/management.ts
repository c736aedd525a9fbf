// Rows of the management API `/v1`: snake_case, and here times are true UTC.

import { z } from 'zod';

/** A row of `/v1/accounts`. Addresses are empty until the terminal is provisioned; `accountUrls` fills them in. */
export const wireAccountRow = z.object({
  id: z.string().min(1),
  nickname: z.string().nullish(),
  platform: z.string(),
  server: z.string(),
  login: z.int(),
  status: z.string(),
  error: z.string().nullish(),
  rest_url: z.string().nullish(),
  ws_url: z.string().nullish(),
  trade_ea_symbol: z.string().nullish(),
  created_at: z.string().nullish(),
});
export type WireAccountRow = z.infer<typeof wireAccountRow>;
