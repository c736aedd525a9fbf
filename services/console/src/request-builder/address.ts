// The address of a filled-in request. In: the account and the request. Out: the whole address, every part percent-encoded. The key is not in
// it: it goes in a header.
import type { Target } from './endpoint.ts';
import type { Filled, Value } from './fill-in.ts';

export function addressOf(target: Target, { endpoint, values }: Filled): string {
  const base = endpoint.base === 'management' ? target.managementUrl : target.restUrl;
  const pathValue = (name: string): string =>
    values.find(({ field }) => field.place === 'path' && field.name === name)?.text ?? '';
  const path = endpoint.path.replaceAll(/\{([^}]*)\}/g, (_part, name: string) =>
    encodeURIComponent(pathValue(name)),
  );
  const query = placed(values, 'query').map(
    ({ field, text }) => `${encodeURIComponent(field.name)}=${encodeURIComponent(text)}`,
  );
  return `${base.replace(/\/+$/, '')}${path}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

export const placed = (values: readonly Value[], place: Value['field']['place']): Value[] =>
  values.filter(({ field }) => field.place === place);

/** True when the request has a body, be it an empty object. */
export const hasBody = ({ endpoint }: Filled): boolean =>
  endpoint.base !== 'socket' && /^(POST|PUT|PATCH)$/.test(endpoint.method);

/** `tls_verify: false` is about a terminal of one's own, with a certificate that it made itself; the management API is nobody's own. */
export const verifiesTls = ({ tlsVerify }: Target, { endpoint }: Filled): boolean =>
  tlsVerify || endpoint.base === 'management';
