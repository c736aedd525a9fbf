// The address of a bucket. In: `s3://bucket/prefix?endpoint=…&region=…&path-style=true`. Out: its parts. Access keys are
// refused: addresses appear in logs and messages.
import { FxtapeError } from '@fxtape/ops';
import { inside } from './inside.ts';

export interface S3Address {
  readonly bucket: string;
  /** Without a `/` at its ends; may be empty. */
  readonly prefix: string;
  /** What the address does not say comes from AWS_ENDPOINT_URL and AWS_REGION, or a profile. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly pathStyle: boolean | undefined;
}

const OPTIONS = new Set(['endpoint', 'region', 'path-style']);

/** @throws DATASET_ADDRESS_INVALID; the message never repeats the address, which may contain a key */
export function parseS3Address(address: string): S3Address {
  if (!URL.canParse(address)) throw invalid('it is not a URL');
  const { hash, hostname, password, pathname, port, searchParams, username } = new URL(address);
  if (username !== '' || password !== '') throw invalid('it contains an access key');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(hostname) || port !== '' || hash !== '')
    throw invalid('it names no bucket');
  for (const name of searchParams.keys())
    if (!OPTIONS.has(name)) throw invalid(`there is no option ${JSON.stringify(name.slice(0, 20))}`);
  const style = searchParams.get('path-style');
  if (style !== null && style !== 'true' && style !== 'false')
    throw invalid('path-style must be true or false');
  const endpoint = searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !isEndpoint(endpoint))
    throw invalid('the endpoint must be http(s)://HOST:PORT');
  return {
    bucket: hostname,
    prefix: prefixOf(pathname),
    endpoint,
    region: searchParams.get('region') ?? undefined,
    pathStyle: style === null ? undefined : style === 'true',
  };
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { password, protocol, username } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

function prefixOf(pathname: string): string {
  let prefix: string;
  try {
    prefix = decodeURIComponent(pathname.replaceAll(/^\/+|\/+$/g, ''));
  } catch {
    throw invalid('its prefix is not valid URL encoding');
  }
  return prefix === '' ? '' : inside(prefix);
}

const invalid = (why: string): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_ADDRESS_INVALID',
    message: `the address of the dataset is not usable: ${why}`,
    context: { why },
  });
