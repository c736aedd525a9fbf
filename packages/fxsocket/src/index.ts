// The public surface of the package: everything that reads from FxSocket.
export { compareOpenApi, type Comparison, type Drift, type DriftKind } from './api/compare-open-api.ts';
export { managementRoutes } from './api/management-routes.ts';
export {
  hasRoute,
  type OpenApiDocument,
  operationOf,
  resolved,
  type RouteParameter,
  routeParameters,
} from './api/open-api.ts';
export { type DocumentOptions, openApiDocument } from './api/open-api-document.ts';
export type { ApiRoute, Method, Need } from './api/route.ts';
export { openRoutes, readingRoutes, terminalRoutes, tradingRoutes } from './api/terminal-routes.ts';
export { type Topic, type TopicShape, topicShapes } from './api/topics.ts';
export { FxSocketError, type FxSocketErrorCode } from './errors.ts';
export type { CallOptions } from './rest/call.ts';
export type { CallerOptions } from './rest/transport.ts';
export { FxSocket, type FxSocketOptions } from './fx-socket.ts';
export type { TlsOptions } from './options.ts';
export type { BarsOptions, BarsQuery } from './rest/bar-pages.ts';
export { asBound, type BrokerTime, toBrokerTime, toUtc } from './wire/broker-time.ts';
export type { ListAnswer, RejectedRow } from './rest/answer.ts';
export { accountUrls, FxSocketManagement } from './rest/management.ts';
export {
  type BrokerRange,
  FxSocketRest,
  type MarginQuery,
  type PriceHistoryQuery,
  type ProfitQuery,
  type QuoteTicksQuery,
} from './rest/terminal.ts';
export { FxStream, type FxStreamOptions } from './stream/client.ts';
export type { StreamClock } from './stream/clock.ts';
export { decodeFrame, frameItem, readFrame } from './stream/codec.ts';
export type { FrameItem, SessionEvent, SessionItem, StreamItem } from './stream/events.ts';
export { type FeedSnapshot, FxFeed, type FxFeedOptions, type ReadOptions } from './stream/feed.ts';
export type { DownReason, FeedItem, FeedMoment, FeedStatus, TopicData } from './stream/feed-items.ts';
export type { StreamLimits } from './stream/limits.ts';
export type { Message, RejectedElement, Undecodable } from './stream/messages.ts';
export type { SessionPhase, SessionSnapshot, StreamSnapshot } from './stream/snapshot.ts';
export type { Subscription, WantedSubscription } from './stream/subscription.ts';
export type {
  WireAccountInfo,
  WireAccountSummary,
  WireClosedPosition,
  WireDeal,
  WireMarginAnswer,
  WireOpenedOrder,
  WireProfitAnswer,
  WireTrade,
} from './wire/account.ts';
export type { WireIdentifier } from './wire/identifier.ts';
export type { UnreadableField } from './wire/record.ts';
export type { WireAccountLink, WireAccountRow, WireAccountUpdate, WirePlatform } from './wire/management.ts';
export { timeframes, type WireTimeframe } from './wire/market.ts';
export type {
  WireBar,
  WireCommissionRule,
  WirePriceBar,
  WireQuote,
  WireQuoteTick,
  WireSymbolInfo,
  WireTick,
} from './wire/market.ts';
export type {
  WireHealth,
  WireServerTimezone as ServerTimezone,
  WireStatus,
  WireTerminal,
} from './wire/terminal.ts';
export { isTerminalReady } from './wire/terminal.ts';
export {
  operations,
  type WireCloseAll,
  type WireCloseAllResult,
  type WireCloseAllRow,
  type WireOperation,
  type WireOrderClose,
  type WireOrderModify,
  type WireOrderResult,
  type WireOrderSend,
} from './wire/trading.ts';
