// Errors that any service or command can meet: environment, ports, run files.
import { terminal } from './entry.ts';

export const processErrors = {
  ENV_INVALID: terminal(
    'an environment variable is missing, malformed or set twice (`NAME` and `NAME_FILE`), or its file cannot be read',
    'Correct these variables and start again',
  ),
  HTTP_ADDR_INVALID: terminal(
    'an address to listen on is not `host:port`',
    'Write host:port, for example 127.0.0.1:7070 or [::1]:7070',
  ),
  HTTP_LISTEN_FAILED: terminal(
    'the address is in use, not on this machine, or not allowed; the message names its variable',
    'Stop the process that uses this address, or choose another one',
  ),
  RUN_FILE_INVALID: terminal(
    'a `run/<service>.json` in the data folder was not written by that service',
    'Remove the file and restart the service',
  ),
  INTERNAL: terminal(
    'an unexpected error (status 500 of the console, whose log says more)',
    'Repeat the command with LOG_LEVEL=debug to see where, and report it',
  ),
};
