// The JSON of a Delta log, as far as fxtape writes it or has to understand it. In: the text of a commit. Out: its actions, not translated.
import { FxtapeError } from '@fxtape/ops';

export interface WireFile {
  readonly path: string;
  readonly partitionValues?: Readonly<Record<string, string | null>> | null;
  readonly size?: number | null;
  readonly deletionVector?: unknown;
}

export interface WireAdd extends WireFile {
  readonly modificationTime: number;
  readonly dataChange: boolean;
  readonly stats?: string | null;
}

export interface WireRemove extends WireFile {
  readonly deletionTimestamp?: number | null;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean | null;
}

export interface WireProtocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[] | null;
  readonly writerFeatures?: readonly string[] | null;
}

export interface WireMeta {
  readonly id: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly format: { readonly provider: string; readonly options?: Readonly<Record<string, string>> };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration?: Readonly<Record<string, string>> | null;
  readonly createdTime?: number | null;
}

export interface WireInfo {
  readonly timestamp?: number;
  readonly inCommitTimestamp?: number;
  readonly operation?: string;
  readonly operationParameters?: unknown;
  readonly engineInfo?: string;
  readonly txnId?: string;
  readonly fxtape?: Readonly<Record<string, unknown>>;
}

export interface WireTxn {
  readonly appId: string;
  readonly version: number;
  readonly lastUpdated?: number | null;
}

/** One line of a commit has exactly one of these. Others, such as `cdc`, do not affect which rows the table has. */
export interface WireAction {
  readonly commitInfo?: WireInfo;
  readonly protocol?: WireProtocol;
  readonly metaData?: WireMeta;
  readonly add?: WireAdd;
  readonly remove?: WireRemove;
  readonly txn?: WireTxn;
}

const LOG = '_delta_log';
export const LOG_PREFIX = `${LOG}/`;
export const LAST_CHECKPOINT = `${LOG}/_last_checkpoint`;
const padded = (version: number): string => String(version).padStart(20, '0');
export const commitPath = (version: number): string => `${LOG}/${padded(version)}.json`;
export const checkpointPath = (version: number): string => `${LOG}/${padded(version)}.checkpoint.parquet`;

/** What a file of the log is. Checkpoints in several parts and of later formats are ignored. */
export function logFileOf(path: string): { kind: 'commit' | 'checkpoint'; version: number } | null {
  const match = /^_delta_log\/(\d{20})\.(json|checkpoint\.parquet)$/.exec(path);
  if (match === null) return null;
  return { kind: match[2] === 'json' ? 'commit' : 'checkpoint', version: Number(match[1]) };
}

export const toLines = (actions: readonly WireAction[]): Buffer =>
  Buffer.from(actions.map((action) => `${JSON.stringify(action)}\n`).join(''));

/** @throws DATASET_LOG_DAMAGED */
export function parseLines(text: string, path: string): WireAction[] {
  const actions: WireAction[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    let action: unknown;
    try {
      action = JSON.parse(line);
    } catch (cause) {
      throw damaged(`line ${i + 1} of ${path} is not JSON`, { path, line: i + 1 }, cause);
    }
    if (typeof action !== 'object' || action === null || Array.isArray(action))
      throw damaged(`line ${i + 1} of ${path} is not an action`, { path, line: i + 1 });
    actions.push(action);
  }
  if (actions.length === 0) throw damaged(`${path} is empty`, { path });
  return actions;
}

export const damaged = (message: string, context: Record<string, unknown>, cause?: unknown): FxtapeError =>
  new FxtapeError({ code: 'DATASET_LOG_DAMAGED', message, context, cause });

export const unsupported = (message: string, context: Record<string, unknown> = {}): FxtapeError =>
  new FxtapeError({ code: 'DATASET_LOG_UNSUPPORTED', message, context });
