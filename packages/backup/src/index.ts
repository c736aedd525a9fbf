// The public surface of @fxtape/backup.
export { backUp, type BackupOptions, type BackupProgress } from './back-up.ts';
export { type BackupDocument, listBackups, newestBackup, sizeOf } from './document.ts';
export { pruneBackups } from './prune.ts';
export {
  type RestoreDatabase,
  restoreRows,
  type RestoreOptions,
  restoreTapes,
  tablesWithRows,
} from './restore.ts';
