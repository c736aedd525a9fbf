// The inner surface, for the package beside this one that sends orders (`@fxtape/fxsocket/transport`): one request, checked and typed, never
// tried again. Nobody else needs it: whoever reads uses the classes of the main entry.
export { accountPath } from './rest/management.ts';
export { noAnswer, wholeAnswer } from './rest/answer.ts';
export { type CallerOptions, callSignals, type HttpRequest, Transport } from './rest/transport.ts';
