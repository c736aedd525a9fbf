// Errors of `fxtape.yaml`.
import { terminal } from './entry.ts';

export const configurationErrors = {
  CONFIG_INVALID: terminal(
    '`fxtape.yaml` is not YAML, has an unknown or wrong setting, or has two accounts that would write the same rows',
    'Correct the file; `fxtape config schema` prints what it may contain',
  ),
  CONFIG_NOT_EDITED: terminal(
    'an account is written with YAML features (anchors, aliases) that a command cannot edit',
    'Edit the file by hand',
  ),
  CONFIG_NOT_FOUND: terminal(
    'there is no file at `FXTAPE_CONFIG` (default `./fxtape.yaml`), although the variable names it or a key is set',
    'Write the file, or point FXTAPE_CONFIG at it',
  ),
  CONFIG_UNREADABLE: terminal(
    'the file exists but cannot be read',
    'Fix its permissions, or point FXTAPE_CONFIG elsewhere',
  ),
};
