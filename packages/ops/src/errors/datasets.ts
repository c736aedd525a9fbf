// Errors of datasets.
import { terminal, transient } from './entry.ts';

export const datasetErrors = {
  DATASET_CLOCK_CHANGED: terminal(
    '`dataset import` was given rows of a clock rule that was corrected since',
    'Import a version that was made after the correction',
  ),
  DATASET_DAYS_LEFT: terminal(
    'rows changed in a file of which some days are no longer in the database',
    'Import those days with `fxtape dataset import` first, or export what is left to a new folder',
  ),
  DATASET_EXISTS: terminal(
    '`dataset export` names a folder that holds another dataset, or this one with another request',
    'Use `fxtape dataset update` to extend it, or another folder',
  ),
  DATASET_FILE_WRONG: terminal(
    'a Parquet file of a dataset is not what its manifest or the database says',
    'Run `fxtape dataset check`; a file that was changed or damaged has to come from a copy',
  ),
  DATASET_FORM_UNSUPPORTED: terminal(
    'a kind of rows cannot be written in the form that `--to` names',
    'Use `--to csv`, or leave it out for a dataset',
  ),
  DATASET_KINDS_DIFFER: terminal(
    '`dataset diff` was given two datasets of different kinds, or ticks resampled in different ways',
    'Compare two versions of one dataset, or two datasets of one kind',
  ),
  DATASET_MANIFEST_MISSING: terminal(
    'a version of a dataset has no manifest',
    'Copy the folder `_manifest` with the dataset; without it only other tools can read this version',
  ),
  DATASET_MANIFEST_WRONG: terminal(
    'a manifest of a dataset cannot be read, or does not belong to its commit',
    'It has to come from a copy of the dataset',
  ),
  DATASET_MOVED: transient(
    'somebody else committed a version of this dataset meanwhile',
    'Run the command again',
  ),
  DATASET_NOTHING: terminal(
    'nothing is recorded of what `dataset export` asks for',
    '`fxtape status` shows what is recorded; check the names, --from and --to',
  ),
  DATASET_NOT_IMPORTABLE: terminal(
    '`dataset import` was given a dataset that lacks what the tables need',
    'Import a dataset that was exported with --with-reception',
  ),
  DATASET_NOT_STRICT: terminal(
    'with `--strict`: the range has an open gap, or its clock rule is provisional',
    '`fxtape gaps --open` and `fxtape clock` show what is open; leave out --strict to export it as it is',
  ),
  DATASET_ROWS_CHANGING: transient(
    'a range is written to while it is exported',
    'Run the command again, or end the range earlier with --to',
  ),
  DATASET_ROWS_LEFT: terminal(
    'rows of a dataset are no longer in the database, and nothing says why',
    'Check that this is the database the dataset was made from; if it is, export to a new folder',
  ),
  DATASET_ROW_REFUSED: terminal(
    'the database refuses a row of a dataset',
    'The message names the row; the rows before it are stored, and the import can be run again',
  ),
};
