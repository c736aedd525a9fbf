// `fxtape run SERVICE`: one service in the foreground, in this very process. In: its name. Out: whatever the service does until a signal
// stops it.
import { fileURLToPath } from 'node:url';
import { endWithParent } from '../end-with-parent.ts';
import type { ProcessName } from '../service-process.ts';

/** Errors: those of the service's start. */
export async function run(service: ProcessName, options: { withParent?: boolean }): Promise<void> {
  if (options.withParent === true) endWithParent();
  // The paper trader is no service: none of them may lead to what trades.
  const home = service === 'paper-trader' ? 'packages' : 'services';
  await import(fileURLToPath(new URL(`../../../../${home}/${service}/src/main.ts`, import.meta.url)));
}
