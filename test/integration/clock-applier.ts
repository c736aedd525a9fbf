// Corrects a database as `fxtape clock apply` does, and kills itself. Arguments: configuration string of the database, data folder, rules by
// account as JSON, and what kills it: the name of a step, `never`, or a file with the steps at which it was killed already and, as a regular
// expression behind a comma, which others count: it dies at the first one that is not there.
import { readFileSync, writeFileSync } from 'node:fs';
import {
  ApplyJournal,
  applyOwner,
  ClockApply,
  isAffected,
  measure,
  sameClocks,
  serverClocks,
  takeBack,
} from '@fxtape/cli/clock-apply';
import { createLog, systemClock } from '@fxtape/ops';
import { HistoryReader, isSqlCorrected, QuestDbHttp } from '@fxtape/questdb';

const [conf = '', dataDir = '', rules = '', killAt = ''] = process.argv.slice(2);
const clock = systemClock();
const log = createLog({ service: 'test', level: 'silent' });
const http = new QuestDbHttp({ conf });
const journal = new ApplyJournal({ http, clock });

const die = (): void => void process.kill(process.pid, 'SIGKILL');
const dieAtNew = (file: string, which: RegExp, step: string): void => {
  const known = JSON.parse(readFileSync(file, 'utf8')) as string[];
  if (known.includes(step) || !which.test(step)) return;
  writeFileSync(file, JSON.stringify([...known, step]));
  die();
};

const apply = new ClockApply({
  http,
  journal,
  owner: applyOwner(dataDir),
  clock,
  log,
  reachMs: 0,
  quietMs: 100,
  onStep: (step) => {
    process.stdout.write(`${step}\n`);
    const [file = '', which = ''] = killAt.split(',');
    if (file.startsWith('/')) dieAtNew(file, new RegExp(which), step);
    else if (step === killAt) die();
  },
});
const configured = Object.entries(JSON.parse(rules) as Record<string, string>).map(([name, rule]) => ({
  name,
  clock: { rule, replayed: false },
}));
const read = async () =>
  (await serverClocks({ configured, reader: new HistoryReader({ http, clock }), http })).servers;

const earlier = await apply.unfinished();
if (earlier !== null && (!(await apply.canGoBack(earlier)) || sameClocks(earlier, await read())))
  await apply.run(earlier);
else {
  if (earlier !== null) {
    process.stdout.write('taking back\n');
    await takeBack({ http, clock, journal, log }, earlier.id);
  }
  const servers = await read();
  const { tables } = await measure({ http, clock, servers });
  const affected = tables.filter(isAffected);
  process.stdout.write(affected.length === 0 ? 'nothing to do\n' : 'beginning\n');
  if (affected.length > 0) {
    const state = await apply.begin(
      servers,
      affected.flatMap(({ table }) => (isSqlCorrected(table) ? [table] : [])),
    );
    await apply.run(state);
  }
}
http.close();
