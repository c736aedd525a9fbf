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
    return { code: error.code, message: error.message, hint: gatewayHint(error.code) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message, hint: errorCatalogue.INTERNAL.hint };
}

/** What to do about an error of the gateway, in the words that `doctor` uses too. */
export function gatewayHint(code: FxSocketError['code']): string {
  switch (code) {
    case 'FXSOCKET_UNAUTHORIZED':
    case 'FXSOCKET_FORBIDDEN':
      return 'Use a valid key that reaches this account';
    case 'FXSOCKET_NOT_FOUND':
      return 'Check the account id, and that the key reaches it';
    case 'FXSOCKET_PAYMENT_REQUIRED':
      return 'Check the plan of your FxSocket account';
    case 'FXSOCKET_UNREACHABLE':
    case 'FXSOCKET_DEADLINE':
    case 'FXSOCKET_GATEWAY_DOWN':
    case 'FXSOCKET_TRUNCATED':
      return 'Check the network and FXSOCKET_BASE_URL; the recorder tries again by itself';
    case 'FXSOCKET_ADDRESS':
      return 'Correct the address; allow_http: true permits plain HTTP to another machine';
    case 'FXSOCKET_TLS':
      return 'Check the certificate; tls_verify: false accepts one that is self-signed';
    case 'FXSOCKET_NOT_READY':
    case 'FXSOCKET_TERMINAL_FAILED':
    case 'FXSOCKET_TERMINAL_TIMEOUT':
      return 'The terminal is not ready; wait a minute, and check its state on FxSocket if that does not help';
    default:
      return 'See docs/error-codes for this code';
  }
}
