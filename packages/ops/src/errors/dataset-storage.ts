// Errors of where a dataset lies: its log, its folder or bucket.
import { terminal, transient, warning } from './entry.ts';

export const datasetStorageErrors = {
  DATASET_ADDRESS_INVALID: terminal(
    'the address of a dataset is neither a folder nor `s3://bucket/prefix?endpoint=…&region=…&path-style=true`',
    'Correct the address; keys belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, never in the address',
  ),
  DATASET_NAME_UNSUPPORTED: terminal(
    'a symbol, feed or account cannot be the name of a folder that every reader opens',
    'Leave it out of the dataset, or rename it at its source',
  ),
  DATASET_NOT_FOUND: terminal('there is no dataset at this address', 'Check the address of the dataset'),
  DATASET_VERSION_UNKNOWN: terminal(
    'the dataset has no such version',
    'Choose one of the versions that the message names',
  ),
  DATASET_VERSION_VACUUMED: terminal(
    'files of this version were removed by `vacuum`; its log and manifest are still there',
    'Open a newer version; to keep versions longer, vacuum with a longer `--keep`',
  ),
  DATASET_LOG_UNSUPPORTED: terminal(
    'another tool changed the dataset in a way that fxtape cannot follow, such as deletion vectors or column mapping',
    'Read it with the tool that changed it; export into a new folder to go on with fxtape',
  ),
  DATASET_LOG_DAMAGED: terminal(
    'a file of the log is missing or damaged',
    'Put the file back from a copy of the dataset; without one, export into a new folder',
  ),
  DATASET_COMMIT_INVALID: terminal(
    'fxtape tried to write a version that does not follow from the one before',
    'Report this as a defect, with the context shown',
  ),
  DATASET_COMMIT_UNCLEAR: transient(
    'the storage did not say whether a version was written, and could not be asked afterwards',
    'Run the same command again: it reads the log first and continues from it',
  ),
  DATASET_CHECKPOINT_FAILED: warning(
    'a checkpoint of the log could not be written; every version stays readable',
    'Nothing: it is tried again with the next version. If it stays, check the space of the disk and the log',
  ),
  DATASET_FILE_MISSING: terminal(
    'a file that the dataset names is not there',
    'Put the file back from a copy of the dataset, or export into a new folder',
  ),
  DATASET_PATH_INVALID: terminal(
    'a path leads out of the dataset; the log may come from somebody else',
    'Do not use this dataset unless you know who wrote its log',
  ),
  DATASET_STORE_UNSAFE: terminal(
    'the storage lets a second writer replace what a first one stored, so two exports could overwrite each other',
    'Use a local file system, or a bucket that honours `If-None-Match: *` (AWS S3, MinIO, R2 and others)',
  ),
  DATASET_STORE_FULL: transient('the disk of the dataset is full', 'Free space, then run the command again'),
  DATASET_STORE_FAILED: transient(
    'a read or write of the dataset failed',
    'Run the command again; if it stays, check the disk, or the log of the storage server',
  ),
  DATASET_STORE_UNREACHABLE: transient(
    'the storage server did not answer in time',
    'Check the endpoint and the network, then run the command again',
  ),
  DATASET_BUCKET_NOT_FOUND: terminal(
    'the bucket of the dataset does not exist',
    'Create the bucket, or correct its name, the endpoint or the region',
  ),
  DATASET_ACCESS_DENIED: terminal(
    'the folder or the bucket may not be read or written',
    'Fix the permissions. A bucket needs s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucket, and keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile',
  ),
  DATASET_UPLOAD_DIFFERS: transient(
    'what the bucket holds after an upload is not the file that was sent',
    'Run the command again; if it stays, the storage or a proxy changes files',
  ),
};
