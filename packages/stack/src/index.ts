// The local stack: QuestDB and Redis found or started, with Docker or without. `fxtape up` uses it, and so do the tests' servers.
export type { EngineMode, EngineOrigin } from './ensure-engine.ts';
export {
  ensureStack,
  type Stack,
  type StackOptions,
} from './ensure-stack.ts';
export { isAlive } from './engine-owner.ts';
export { questDbPasswordSettings, questDbSettings } from './engine-settings.ts';
export { readCredentials, renewCredentials } from './credentials.ts';
export { questDbContainerSettings, redisContainerArguments } from './docker-specs.ts';
export { LineLog } from './line-log.ts';
export type { EngineExit } from './engine-process.ts';
export { freePort } from './free-port.ts';
export { makePrivateFolder, writePrivate } from './private-file.ts';
export { LocalQuestDb, type LocalQuestDbOptions } from './local-questdb.ts';
export { LocalRedis, type LocalRedisOptions } from './local-redis.ts';
export type { StackLog } from './log.ts';
export { QUESTDB_IMAGE, QUESTDB_VERSION, REDIS_IMAGE } from './pinned.ts';
export { holdsRecording, questDbAnswers, redisAnswers } from './probe.ts';
export { type QuestDbAddress, questDbAddress } from './questdb-address.ts';
