// The catalogue of error codes: every code that fxtape throws or reports, by the section of docs/error-codes.md that lists it. Codes are
// stable; the page is generated from here (`npm run docs`). The client packages have catalogues of their own (packages/fxsocket/src/errors.ts).
import { backupErrors } from './backup.ts';
import { clockApplyErrors } from './clock-apply.ts';
import { clockRulesErrors } from './clock-rules.ts';
import { collectorErrors } from './collector.ts';
import { commandErrors } from './command.ts';
import { configurationErrors } from './configuration.ts';
import { consoleErrors } from './console.ts';
import { datasetErrors } from './datasets.ts';
import { datasetStorageErrors } from './dataset-storage.ts';
import { enginesErrors } from './engines.ts';
import { historyErrors } from './history.ts';
import { jobsErrors } from './jobs.ts';
import { processErrors } from './process.ts';
import { questdbErrors } from './questdb.ts';
import { simulatorErrors } from './simulator.ts';
import { tapeErrors } from './tape.ts';
import type { Entry, ErrorKind } from './entry.ts';

export const errorSections = {
  'The command': commandErrors,
  Configuration: configurationErrors,
  'Every service and command': processErrors,
  Collector: collectorErrors,
  'Broker clock rules': clockRulesErrors,
  'Clock correction (`fxtape clock apply`)': clockApplyErrors,
  'Scheduler and backfill': historyErrors,
  Jobs: jobsErrors,
  Tape: tapeErrors,
  QuestDB: questdbErrors,
  Console: consoleErrors,
  Datasets: datasetErrors,
  'Datasets: log and storage': datasetStorageErrors,
  'Backup and restore': backupErrors,
  'Engines of the local stack': enginesErrors,
  Simulator: simulatorErrors,
} satisfies Record<string, Record<string, Entry>>;

export const errorCatalogue = {
  ...commandErrors,
  ...configurationErrors,
  ...processErrors,
  ...collectorErrors,
  ...clockRulesErrors,
  ...clockApplyErrors,
  ...historyErrors,
  ...jobsErrors,
  ...tapeErrors,
  ...questdbErrors,
  ...consoleErrors,
  ...datasetErrors,
  ...datasetStorageErrors,
  ...backupErrors,
  ...enginesErrors,
  ...simulatorErrors,
};

export type ErrorCode = keyof typeof errorCatalogue;

/** Codes that an FxtapeError may have; the others are only reported. */
export type ThrownCode = {
  [C in ErrorCode]: (typeof errorCatalogue)[C]['kind'] extends ErrorKind ? C : never;
}[ErrorCode];
