// Reads the body of a request. In: the request and a size limit. Out: its text, empty when there is none.

import type { IncomingMessage } from 'node:http';

/** Throws RangeError when the body is larger. */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new RangeError('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
