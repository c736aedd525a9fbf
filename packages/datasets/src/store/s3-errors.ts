// What an error of a bucket means. In: what the SDK threw. Out: whether the same request may succeed later, whether it may have been
// carried out, and our error. Messages and causes have names and numbers only: answers about signatures repeat keys.
import { FxtapeError, type ThrownCode } from '@fxtape/ops';

interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/** Nothing of the request reached the server. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const NETWORK = new Set([
  ...NOT_SENT,
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);
const BUSY = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'InternalError',
  'ServiceUnavailable',
  'OperationAborted',
  'ConditionalRequestConflict',
  'IncompleteBody',
  'NetworkingError',
]);
const DENIED = new Set([
  'AccessDenied',
  'Forbidden',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'CredentialsProviderError',
]);
const ELSEWHERE = new Set(['PermanentRedirect', 'AuthorizationHeaderMalformed', 'TemporaryRedirect']);

const of = (error: unknown): SdkError => (typeof error === 'object' && error !== null ? error : {});
export const statusOf = (error: unknown): number => of(error).$metadata?.httpStatusCode ?? 0;
export const nameOf = (error: unknown): string => of(error).name ?? '';
export const isAbsent = (error: unknown): boolean =>
  nameOf(error) === 'NoSuchKey' || (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket');
export const isTaken = (error: unknown): boolean => statusOf(error) === 412;

export function isTransient(error: unknown): boolean {
  if (NETWORK.has(of(error).code ?? '') || BUSY.has(nameOf(error))) return true;
  const status = statusOf(error);
  return (status >= 500 && status !== 501) || status === 429 || status === 408;
}

/** The name of the host did not resolve: worth a retry only if it did before. */
export const isNameless = (error: unknown): boolean => of(error).code === 'ENOTFOUND';
export const wasNotSent = (error: unknown): boolean => NOT_SENT.has(of(error).code ?? '');

export function s3Error(what: string, address: string, error: unknown, forMs: number): FxtapeError {
  const { $metadata, code: errno } = of(error);
  const name = nameOf(error);
  const status = statusOf(error);
  const detail = errno ?? (name === 'Error' || name === '' ? `status ${status}` : name);
  const [code, hint] = codeFor(name, status, error);
  return new FxtapeError({
    code,
    message: `cannot ${what} in ${address}: ${detail}${isTransient(error) ? `, for ${Math.round(forMs / 1000)} s` : ''}`,
    hint,
    context: { name, status, errno, requestId: $metadata?.requestId },
    cause: new Error(`${detail}${status === 0 ? '' : ` (${status})`}`),
  });
}

function codeFor(name: string, status: number, error: unknown): [ThrownCode, string?] {
  if (name === 'NoSuchBucket') return ['DATASET_BUCKET_NOT_FOUND'];
  if (ELSEWHERE.has(name) || status === 301 || status === 307)
    return ['DATASET_ADDRESS_INVALID', 'Give the region of the bucket, as `?region=…` or AWS_REGION'];
  if (name === 'RequestTimeTooSkewed')
    return [
      'DATASET_ACCESS_DENIED',
      "Correct this machine's clock: the server refuses requests whose time is off",
    ];
  if (DENIED.has(name) || status === 401 || status === 403) return ['DATASET_ACCESS_DENIED'];
  if (NETWORK.has(of(error).code ?? '') || name === 'TimeoutError') return ['DATASET_STORE_UNREACHABLE'];
  if (name === 'NotImplemented' || status === 501) return ['DATASET_STORE_UNSAFE'];
  return ['DATASET_STORE_FAILED'];
}
