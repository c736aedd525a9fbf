// The name of an order's operation as the gateway reads it: case and separators do not count. In: any value. Out: the gateway's own
// spelling, or the value as it was, for the schema to refuse.

import { operations, type WireOperation } from '@fxtape/fxsocket';

const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, '');
const BY_PLAIN: ReadonlyMap<string, WireOperation> = new Map(operations.map((name) => [plain(name), name]));

export const operationOf = (given: unknown): unknown =>
  typeof given === 'string' ? (BY_PLAIN.get(plain(given)) ?? given) : given;
