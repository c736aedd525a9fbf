// The entry `@fxtape/fxsocket/transport`, for `@fxtape/fxsocket-trading` only: single requests, checked and typed, never retried.
export { accountPath } from './rest/management.ts';
export { noAnswer, wholeAnswer } from './rest/answer.ts';
export { type CallerOptions, callSignals, type HttpRequest, Transport } from './rest/transport.ts';
