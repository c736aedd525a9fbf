// Binds an HTTP server to an address. In: server, host, port. Out: the listening server, or an error that says why not.

import type { Server } from 'node:http';
import { formatAddr, FxtapeError } from '@fxtape/ops';

/** Port 0 takes a free one. Throws HTTP_LISTEN_FAILED. */
export function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new FxtapeError({
          code: 'HTTP_LISTEN_FAILED',
          message: `cannot listen on ${formatAddr({ host, port })} (${cause.code ?? cause.message})`,
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}
