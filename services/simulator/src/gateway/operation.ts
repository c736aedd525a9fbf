// Reads an order's operation like the gateway, ignoring case and separators. In: any value. Out: the gateway's spelling, or the unchanged value for the
// schema to refuse.

import { operations, type WireOperation } from '@fxtape/fxsocket';

const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, '');
const BY_PLAIN: ReadonlyMap<string, WireOperation> = new Map(operations.map((name) => [plain(name), name]));

export const operationOf = (given: unknown): unknown =>
  typeof given === 'string' ? (BY_PLAIN.get(plain(given)) ?? given) : given;
