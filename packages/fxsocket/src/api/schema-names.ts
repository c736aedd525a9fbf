// Names the schemas of the OpenAPI document, and defines the gateway's two error bodies. In: the wire schemas. Out: a registry for
// open-api-document.ts; schemas without a name are written inline.

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

/** The error body of a terminal. */
export const terminalError = z.object({
  error: z.string(),
  message: z.string(),
  command_id: z.int().optional(),
});

/** The error body of `/v1`. Some errors lack `error`; some have more fields (`cap`, `current`). */
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
