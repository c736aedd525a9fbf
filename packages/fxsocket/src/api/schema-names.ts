// The names that shapes have in an OpenAPI document, and the two error bodies of the gateway. In: the wire schemas. Out: a registry that
// the generator reads; a schema without a name is written out where it is used.

import { z } from 'zod';
import {
  wireAccountInfo,
  wireAccountSummary,
  wireClosedPosition,
  wireDeal,
  wireMarginAnswer,
  wireOpenedOrder,
  wireProfitAnswer,
  wireTrade,
} from '../wire/account.ts';
import { wireAccountLink, wireAccountRow, wireAccountUpdate } from '../wire/management.ts';
import {
  wireBar,
  wireCommissionRule,
  wirePriceBar,
  wireQuote,
  wireQuoteTick,
  wireSymbolInfo,
  wireTick,
  wireTradingSession,
} from '../wire/market.ts';
import { wireHealth, wireServerTimezone, wireStatus, wireTerminal } from '../wire/terminal.ts';
import {
  wireCloseAll,
  wireCloseAllResult,
  wireOrderClose,
  wireOrderModify,
  wireOrderResult,
  wireOrderSend,
} from '../wire/trading.ts';

/** What a terminal answers instead of what was asked for. */
export const terminalError = z.object({
  error: z.string(),
  message: z.string(),
  command_id: z.int().optional(),
});

/** The same of `/v1`; `error` is missing from some, and more fields may tell more (`cap`, `current`). */
export const managementError = z.looseObject({ error: z.string().optional(), detail: z.string().optional() });

export const schemaNames = z.registry<{ id: string }>();

const named = {
  AccountInfo: wireAccountInfo,
  AccountLink: wireAccountLink,
  AccountRow: wireAccountRow,
  AccountSummary: wireAccountSummary,
  AccountUpdate: wireAccountUpdate,
  Bar: wireBar,
  CloseAll: wireCloseAll,
  CloseAllResult: wireCloseAllResult,
  ClosedPosition: wireClosedPosition,
  CommissionRule: wireCommissionRule,
  Deal: wireDeal,
  Health: wireHealth,
  ManagementError: managementError,
  MarginAnswer: wireMarginAnswer,
  OpenedOrder: wireOpenedOrder,
  OrderClose: wireOrderClose,
  OrderModify: wireOrderModify,
  OrderResult: wireOrderResult,
  OrderSend: wireOrderSend,
  PriceBar: wirePriceBar,
  ProfitAnswer: wireProfitAnswer,
  Quote: wireQuote,
  QuoteTick: wireQuoteTick,
  ServerTimezone: wireServerTimezone,
  Status: wireStatus,
  SymbolInfo: wireSymbolInfo,
  Terminal: wireTerminal,
  TerminalError: terminalError,
  Tick: wireTick,
  Trade: wireTrade,
  TradingSession: wireTradingSession,
};
for (const [id, schema] of Object.entries(named)) schemaNames.add(schema, { id });
