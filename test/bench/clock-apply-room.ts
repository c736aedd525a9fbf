import { execSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { ApplyJournal, ClockApply, measure, serverClocks, dropOldTables } from '@fxtape/cli/clock-apply';
import { createLog, systemClock } from '@fxtape/ops';
import { HistoryReader, isSqlCorrected, migrate, QuestDbHttp, requireSettled, encodeRows, tables } from '@fxtape/questdb';
import { startQuestDb } from '@fxtape/testkit';
const days = Number(process.argv[2] ?? 100);
const log = createLog({ service: 'test', level: 'silent' });
const clock = systemClock();
const server = await startQuestDb();
const http = new QuestDbHttp({ conf: server.conf });
await migrate({ client: http, log });
const pid = execSync(`ss -ltnp | grep ':${new URL(server.http).port} ' | sed 's/.*pid=\\([0-9]*\\).*/\\1/'`).toString().trim();
const args = execSync(`tr '\\0' ' ' < /proc/${pid}/cmdline`).toString();
const root = /-d (\S+)/.exec(args)?.[1] ?? '';
console.log('root', root);
const du = () => Number(execSync(`du -sk --apparent-size ${root} 2>/dev/null | cut -f1 || true`).toString().trim()) * 1024;
const duReal = () => Number(execSync(`du -sk ${root} 2>/dev/null | cut -f1 || true`).toString().trim()) * 1024;
const t0 = 1754006400000000;
for (let d = 0; d < days; d++) {
  const a = t0 + d * 86400000000;
  await http.exec(`insert into ticks (ts,feed,symbol,ts_recv,bid,ask,utc_offset_s,source) select cast(${a}+x*216000 as timestamp), case when x%2=0 then 'f1' else 'f2' end, concat('SYM', cast((x/2)%14 as int)), cast(${a}-3600000000+x*216000+40000 as timestamp), 1.1+(x%1000)/100000.0, 1.1001+(x%1000)/100000.0, 7200, 'live' from long_sequence(400000)`, { deadlineMs: 600_000 });
  // 28 symbols of M1
  for (const t of ['bars', 'bar_revisions'])
    await http.exec(`insert into ${t} (ts,feed,symbol,timeframe,open,high,low,close,tick_volume,utc_offset_s,ts_seen) select cast(${a}+(x/28)*60000000 as timestamp), case when x%2=0 then 'f1' else 'f2' end, concat('SYM', cast((x%28)/2 as int)), 'M1', 1.1, 1.2, 1.0, 1.1+(x%1000)/100000.0, x, 7200, cast(${t0}+${days}*86400000000L as timestamp) from long_sequence(${28 * 1440})`, { deadlineMs: 600_000 });
}
await http.write('accounts', encodeRows(tables.accounts, ['f1', 'f2'].map((f, i) => ({ ts: t0, account: `a${i}`, account_id: 'x', login: 1, server: `S${i}`, currency: 'USD', feed: f }))).body);
const claims = [];
for (let i = 0; i < 50_000; i++) claims.push({ ts: t0 + i * 100_000_000, ts_to: t0 + (i + 1) * 100_000_000, account: `a${i % 2}`, feed: `f${(i % 2) + 1}`, symbol: 'EURUSD', stream: 'ticks', timeframe: null, range_id: `r${i}`, source: 'live' as const, rows: 1, rule_id: 'UTC+2h' });
for (let i = 0; i < claims.length; i += 5000) await http.write('coverage', encodeRows(tables.coverage, claims.slice(i, i + 5000)).body);
await requireSettled(http, clock, Object.keys(tables), { waitMs: 600_000 });
await new Promise((r) => setTimeout(r, 40_000));
const base = du(); const baseReal = duReal();
console.log('rows', (await http.exec('select count() from ticks')).dataset, 'base', base, baseReal);
const configured = ['a0', 'a1'].map((name, i) => ({ name, clock: { rule: i === 0 ? 'America/New_York+7h' : 'Europe/Athens', replayed: false } })) as never;
let t = Date.now();
const lap = (what: string) => { console.log(what, ((Date.now() - t) / 1000).toFixed(1), 's'); t = Date.now(); };
const { servers } = await serverClocks({ configured, reader: new HistoryReader({ http, clock }), http });
lap('serverClocks');
const m = await measure({ http, clock, servers });
lap('measure');
console.log({ need: m.needBytes, seconds: m.seconds, pause: m.pauseSeconds, tables: m.tables.filter((x) => x.affected).map((x) => [x.table, x.rows, x.affected, x.bytes]) });
let peak = 0, peakReal = 0;
let sampling = true;
const sampler = (async () => { while (sampling) { try { peak = Math.max(peak, du()); peakReal = Math.max(peakReal, duReal()); } catch {} await new Promise((r) => setTimeout(r, 1000)); } })();
let live = true; let n = 0;
// somebody records live, and backfills, until the pause
const writer = (async () => { while (live) { const ts = clock.nowUs(); await http.write('ticks', encodeRows(tables.ticks, Array.from({ length: 500 }, (_, i) => ({ ts: t0 + days * 86400000000 + n * 1000 + i, feed: 'f1', symbol: 'SYM0', ts_recv: ts + i, bid: 1, ask: 2, utc_offset_s: 7200, source: 'live' }))).body); n += 500; await new Promise((r) => setTimeout(r, 200)); } })();
let last = '';
let paused = 0;
const apply = new ClockApply({ http, journal: new ApplyJournal({ http, clock }), owner: 'x', clock, log, onStep: async (step) => {
  if (step === 'pausing') { live = false; await writer; paused = Date.now(); }
  const kind = step.split(' ')[0] ?? ''; if (step !== last && !(step.startsWith('filling ') && last === step)) { lap(`until ${step}`); last = step; }
  if (step === 'done') console.log('pause', (Date.now() - paused) / 1000); void kind; } });
const state = await apply.begin(servers, m.tables.filter((x) => x.affected).flatMap(({ table }) => (isSqlCorrected(table) ? [table] : [])));
await apply.run(state);
lap('end');
sampling = false; await sampler;
console.log({ base, peak, grew: peak - base, ratio: (peak - base) / m.tables.filter((x) => x.affected).reduce((s, x) => s + x.bytes, 0), realRatio: (peakReal - baseReal) / m.tables.filter((x) => x.affected).reduce((s, x) => s + x.bytes, 0) });
t = Date.now();
console.log(await dropOldTables({ http, clock, journal: new ApplyJournal({ http, clock }), servers }));
lap('drop-old');
http.close();
await server.close();
void readdirSync;
