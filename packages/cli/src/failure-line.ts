// An error as the command line shows it. In: whatever was thrown. Out: one line: `CODE: what happened. What to do.`, or the same as JSON
// for programs. Secrets are removed, wherever they came from.
import { FxSocketError } from '@fxtape/fxsocket';
import { errorCatalogue, errorLine, FxtapeError, Redactor } from '@fxtape/ops';

export function failureLine(error: unknown, o: { json: boolean }): string {
  const { code, message, hint } = failureOf(error);
  const redactor = new Redactor();
  const line = o.json
    ? JSON.stringify({ error: { code, message, hint } })
    : errorLine({ code, message, hint });
  return redactor.redact(line);
}

function failureOf(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof FxtapeError) return error;
  if (error instanceof FxSocketError) {
    return { code: error.code, message: error.message, hint: gatewayHint(error) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message, hint: errorCatalogue.INTERNAL.hint };
}

/** Where the command has better words than the client package, which does not know fxtape's settings. */
const GATEWAY_HINTS: Partial<Record<FxSocketError['code'], string>> = {
  FXSOCKET_FORBIDDEN: 'Use a valid key that reaches this account',
  FXSOCKET_UNREACHABLE: 'Check the network and FXSOCKET_BASE_URL; the recorder tries again by itself',
  FXSOCKET_ADDRESS: 'Correct the address; allow_http: true permits plain HTTP to another machine',
  FXSOCKET_TLS: 'Check the certificate; tls_verify: false accepts one that is self-signed',
};

/** What to do about an error of the gateway, for every command. */
export const gatewayHint = ({ code, hint }: FxSocketError): string => GATEWAY_HINTS[code] ?? hint;
