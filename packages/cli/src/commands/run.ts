// `fxtape run SERVICE`: one service in the foreground, in this very process. In: its name. Out: whatever the service does until a signal
// stops it.
import { fileURLToPath } from 'node:url';
import { endWithParent } from '../end-with-parent.ts';
import type { ServiceName } from '../service-process.ts';

/** Errors: those of the service's start. */
export async function run(service: ServiceName, options: { withParent?: boolean }): Promise<void> {
  if (options.withParent === true) endWithParent();
  await import(fileURLToPath(new URL(`../../../../services/${service}/src/main.ts`, import.meta.url)));
}
