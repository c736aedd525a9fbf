// The account list of a key, and where each account's terminal is found. In: the management base address. Out: checked rows.
// Errors: FxSocketError.

import { z } from 'zod';
import { type WireAccountRow, wireAccountRow } from '../wire/management.ts';
import { wholeAnswer } from './answer.ts';
import { Caller, type CallerOptions, type CallOptions } from './call.ts';

const rows = wholeAnswer(z.array(wireAccountRow));
const row = wholeAnswer(wireAccountRow);

export class FxSocketManagement {
  readonly #caller: Caller;

  /** `baseUrl` is without `/v1`. */
  constructor(options: CallerOptions) {
    this.#caller = new Caller({ ...options, baseUrl: `${options.baseUrl.replace(/\/+$/, '')}/v1` });
  }

  accounts(options?: CallOptions): Promise<WireAccountRow[]> {
    return this.#caller.get('/accounts', rows, {}, options);
  }

  account(id: string, options?: CallOptions): Promise<WireAccountRow> {
    return this.#caller.get(`/accounts/${encodeURIComponent(id)}`, row, {}, options);
  }

  close(): Promise<void> {
    return this.#caller.close();
  }
}

/** The terminal's addresses; built from the base address where the row has none yet. */
export const accountUrls = (row: WireAccountRow, baseUrl: string): { restUrl: string; wsUrl: string } => {
  const restUrl = row.rest_url || `${baseUrl.replace(/\/+$/, '')}/${row.platform}/${row.id}`;
  return { restUrl, wsUrl: row.ws_url || `${restUrl.replace(/^http/, 'ws')}/ws` };
};
