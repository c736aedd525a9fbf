// The beginning of a body that says no. In: its chunks. Out: the text of as much as is worth reading; what follows is never waited for, and no
// pattern sees it.

export const REFUSAL_BYTES = 65_536;

/** At most `REFUSAL_BYTES`; leaving the loop ends the connection. Throws what the body throws. */
export async function readStart(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= REFUSAL_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, REFUSAL_BYTES).toString('utf8');
}
