// The public surface of @fxtape/testkit: servers, programs under test, and waiting. For tests only.
export { type BrowserProgram, browserProgram } from './browser.ts';
export { type ChildExit, ChildHandle, type ChildSpec } from './child-process.ts';
export { machineEnv, testEngines, type TestEngines } from './env.ts';
export { type CommandOptions, type CommandOutcome, runFxtape, startFxtape } from './fxtape-command.ts';
export { pythonWith, pythonWithSdk, testCache } from './python.ts';
export { type QuestDbServer, startQuestDb } from './questdb-server.ts';
export { type RedisServer, startRedis } from './redis-server.ts';
export { type S3Server, startS3 } from './s3-server.ts';
export { type Service, type ServiceOptions, startNode, startService, WORKSPACE } from './service.ts';
export { type TempDir, tempDir } from './temp-dir.ts';
export { until, type UntilOptions } from './until.ts';
export { freePort } from '@fxtape/stack';
export { SimulatedGateway } from './recording/gateway.ts';
export {
  GatewayControl,
  type GatewayState,
  type LedgerTick,
  type RequestReport,
  type RouteUse,
  type TruthBar,
  type TruthDeal,
  type TruthPosition,
} from './recording/gateway-control.ts';
export { drawnLife } from './recording/drawn-life.ts';
export { Recorded } from './recording/recorded.ts';
export {
  CRYPTO,
  DEMO_ACCOUNT,
  type RecordedAccount,
  Recording,
  type RecordingOptions,
} from './recording/recording.ts';
export {
  type HistoryVerdict,
  judgeBars,
  judgeDeals,
  judgePositions,
  judgeTicks,
} from './recording/history-verdict.ts';
export { excess, type GapSight, judge, median, report, type Verdict } from './recording/verdict.ts';
