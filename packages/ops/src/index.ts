// The public surface of @fxtape/ops: what every process needs (environment, log, metrics, health, shutdown), and the catalogue of errors.
export { bearerMatches } from './bearer.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export { type Env, readEnv, readVariable } from './env.ts';
export { exitOnUncaught } from './exit-on-uncaught.ts';
export { type ErrorCode, errorCatalogue, errorSections, type ThrownCode } from './errors/catalogue.ts';
export type { ErrorKind } from './errors/entry.ts';
export { errorLine, FxtapeError, type FxtapeErrorInit } from './errors/fxtape-error.ts';
export {
  type HealthServer,
  type HealthServerOptions,
  type Readiness,
  startHealthServer,
} from './health-server.ts';
export { type Asked, foreignPage, HttpGuard, type HttpGuardOptions, isOfThisMachine } from './http-guard.ts';
export {
  formatAddr,
  isLoopback,
  type ListenAddr,
  listenFailed,
  listenOn,
  parseListenAddr,
} from './listen-addr.ts';
export { createLog, type Log, type LogOptions, readable } from './log.ts';
export { Metrics } from './metrics.ts';
export { nearest, nearestOf } from './nearest.ts';
export { NODE_FLAGS } from './node-flags.ts';
export { passing } from './passing.ts';
export { REDACTED, Redactor } from './redact.ts';
export { redactorOf, secretReader } from './secret-reader.ts';
export { beginService, openHealth, processVariables, type Service, serviceVariables } from './service.ts';
export {
  readRestoreNote,
  refuseUnfinishedRestore,
  type RestoreNote,
  restoreNotePath,
} from './restore-note.ts';
export { readServiceInfo, type ServiceInfo, writePidFile } from './run-files.ts';
export { flushAndExit, Shutdown, type ShutdownOptions } from './shutdown.ts';
export { type PartFailure, Supervisor } from './supervisor.ts';
export { visible } from './visible.ts';
export { addressOf, listenAddr, logLevel } from './variables.ts';
export { abortable, aborted, pauseOrThrow, pause } from './waits.ts';
