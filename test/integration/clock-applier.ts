// Corrects a database as `fxtape clock apply` does, and kills itself before a step. Arguments: configuration string of the database, data
// folder, rule, step (or `never`).
import { applyJournal, ClockApply, isAffected, measure, serverClocks } from '@fxtape/cli/clock-apply';
import type { AccountConfig } from '@fxtape/config';
import { createLog, systemClock } from '@fxtape/ops';
import { HistoryReader, isSqlCorrected, QuestDbHttp } from '@fxtape/questdb';

const [conf = '', dataDir = '', rule = '', killAt = ''] = process.argv.slice(2);
const clock = systemClock();
const http = new QuestDbHttp({ conf });
const apply = new ClockApply({
  http,
  journal: applyJournal(dataDir),
  clock,
  log: createLog({ service: 'test', level: 'silent' }),
  reachMs: 0,
  onStep: (step) => {
    process.stdout.write(`${step}\n`);
    if (step === killAt) process.kill(process.pid, 'SIGKILL');
  },
});
let state = await apply.unfinished();
if (state === null) {
  const configured = [{ name: 'icm', clock: { rule, replayed: false } }] as AccountConfig[];
  const servers = await serverClocks({ configured, reader: new HistoryReader({ http, clock }), http });
  const { tables } = await measure({ http, clock, servers });
  const affected = tables.filter(isAffected).flatMap(({ table }) => (isSqlCorrected(table) ? [table] : []));
  state = apply.begin(servers, affected);
}
await apply.run(state);
http.close();
