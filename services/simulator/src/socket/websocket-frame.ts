// WebSocket frames of a server (RFC 6455 §5.2): unmasked, never fragmented. In: a payload. Out: its bytes on the wire. The simulator builds its own frames
// because thousands of them go out in one write.

export const OPCODE = { text: 1, binary: 2 } as const;
export type Opcode = (typeof OPCODE)[keyof typeof OPCODE];

/** Header plus payload in one buffer. */
export function webSocketFrame(payload: Uint8Array, opcode: Opcode = OPCODE.text): Buffer {
  const length = payload.length;
  const headerBytes = length <= 125 ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = 0x80 | opcode;
  if (headerBytes === 2) {
    frame[1] = length;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(payload, headerBytes);
  return frame;
}
