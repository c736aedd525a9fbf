// `fxtape clock`: each broker's clock rule, and the evidence for it. `fxtape clock set` writes a rule into the configuration, where it
// overrides the inferred one. In: the configuration and QuestDB. Out: lines for people or one JSON document; a changed fxtape.yaml.
import { renameSync, statSync, writeFileSync } from 'node:fs';
import { requireName, readConfigText, setClock } from '@fxtape/config';
import { gatherClocks } from '@fxtape/console';
import { ClockRuleError, parseClockRule } from '@fxtape/market';
import { FxtapeError, systemClock } from '@fxtape/ops';
import { HistoryReader } from '@fxtape/questdb';
import { clockLines } from '../clock/render.ts';
import { readRunningEnv } from '../env.ts';
import { askRecorded, questDbView } from '../questdb.ts';
import { out } from '../print/out.ts';
import { runMode } from '../run-mode.ts';

export interface ClockOptions {
  readonly account?: string;
  readonly json?: boolean;
}

/** Errors: CONFIG_*, ACCOUNT_UNKNOWN, QDB_*; QDB_NO_TABLE means that nothing is recorded yet. */
export async function clock(options: ClockOptions): Promise<void> {
  const env = readRunningEnv();
  const { config } = await runMode(env);
  const names = config.accounts.map(({ name }) => name);
  if (options.account !== undefined) requireName('account', options.account, names);
  const accounts = config.accounts.filter(({ name }) => (options.account ?? name) === name);
  const view = questDbView(env);
  const reader = new HistoryReader({ http: view.http, clock: systemClock() });
  const clocks = await askRecorded(view, () => gatherClocks(accounts, reader));
  const text =
    options.json === true ? JSON.stringify({ accounts: clocks }, null, 2) : clockLines(clocks).join('\n');
  out(`${text}\n`);
}

/** Errors: CLOCK_RULE_INVALID, CONFIG_*, ACCOUNT_UNKNOWN. */
export async function clockSet(text: string, options: { account: string; json?: boolean }): Promise<void> {
  const path = readRunningEnv().FXTAPE_CONFIG;
  const rule = text === 'auto' ? text : checkedRule(text);
  // Reports a missing or invalid file like every command.
  await runMode({ ...readRunningEnv(), FXTAPE_DEMO: undefined });
  const written = setClock(await readConfigText(path), { path, account: options.account, rule });
  // By rename, so that services that watch the file never read half of it.
  const partial = `${path}.partial`;
  writeFileSync(partial, written, { mode: statSync(path).mode });
  renameSync(partial, path);
  const said = {
    account: options.account,
    rule,
    path,
    note:
      rule === 'auto'
        ? 'running services pick this up; the rule is inferred again'
        : 'running services pick this up; rows waiting on the tape are written with it. Correct earlier rows with `fxtape clock apply` (`--dry-run` shows what it would change)',
  };
  out(
    options.json === true
      ? `${JSON.stringify(said, null, 2)}\n`
      : `the clock of ${said.account} is ${rule} in ${path}\n${said.note}\n`,
  );
}

function checkedRule(text: string): string {
  try {
    return parseClockRule(text).id;
  } catch (error) {
    if (!(error instanceof ClockRuleError)) throw error;
    throw new FxtapeError({
      code: error.code,
      message: error.message,
      hint: 'Write it like America/New_York+7h, UTC+3h, or "Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h"',
      cause: error,
    });
  }
}
