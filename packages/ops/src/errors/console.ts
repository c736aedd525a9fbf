// Errors that the HTTP API of a service answers with.
import { terminal, transient } from './entry.ts';

export const consoleErrors = {
  API_TOKEN_REQUIRED: terminal(
    'the address to listen on (`FXTAPE_HTTP_ADDR`, `FXTAPE_HEALTH_ADDR`, the control address of the simulator) is reachable from other machines, and no token is set; the service does not start',
    'Set FXTAPE_API_TOKEN (or FXTAPE_API_TOKEN_FILE; for the simulator FXTAPE_SIMULATOR_CONTROL_KEY), or listen on 127.0.0.1',
  ),
  COLLECTOR_NOT_RUNNING: transient(
    'no collector has written its address to the data folder',
    'Start it with `fxtape up`, or set FXTAPE_COLLECTOR_URL if it runs elsewhere',
  ),
  COLLECTOR_UNREACHABLE: transient(
    "the collector's address does not answer in time",
    'Check in its log whether it is running',
  ),
  COLLECTOR_BAD_ANSWER: transient(
    "the answer from the collector's address is not a collector's state, or it requires another token",
    'Check that both run the same version with the same FXTAPE_API_TOKEN',
  ),
  REQUEST_INVALID: terminal(
    "a request to `/request` has an unknown name or an unusable value, or a request to the simulator's control API is malformed (status 400)",
    'Correct the field that the message names, or reload the page',
  ),
  REQUEST_REFUSED: terminal(
    "`/request`: the request is not a GET in the account's OpenAPI document (status 403)",
    'The console sends only GET requests that the account lists; run the command that the page shows',
  ),
  REQUEST_BUSY: transient(
    '`/request`: two requests of this account are still running (status 429)',
    'Wait for their answers',
  ),
  REQUEST_FAILED: transient(
    '`/request`: the gateway cannot be reached (status 502) or did not answer within 20 s (504)',
    'Check the gateway and the terminal with `fxtape doctor`',
  ),
  QUERY_INVALID: terminal(
    'a parameter of a request to `/api` is unknown or malformed (status 400)',
    'See /api/openapi.json for the parameters',
  ),
  UNAUTHORIZED: terminal(
    'the bearer token is missing or wrong (status 401)',
    'Send the header Authorization: Bearer with the value of FXTAPE_API_TOKEN',
  ),
  HOST_NOT_ALLOWED: terminal(
    'a request to a port without a token names a host that is not loopback (status 403)',
    'Use http://127.0.0.1, or set a token (FXTAPE_API_TOKEN)',
  ),
  ORIGIN_NOT_ALLOWED: terminal(
    'another web page made the browser send this request (status 403)',
    'Open the address directly',
  ),
  NOT_FOUND: terminal('there is no such path (status 404)', 'See /api/openapi.json'),
  BAD_REQUEST: terminal('the request is malformed (status 400)', 'See /api/openapi.json'),
  METHOD_NOT_ALLOWED: terminal(
    'a health port was asked with a method other than GET or HEAD (status 405)',
    'Use GET',
  ),
  QUEUES_READ_ONLY: terminal(
    'the board at `/queues` was asked to change something',
    'Missing history is planned automatically; `fxtape backfill` plans it now',
  ),
};
