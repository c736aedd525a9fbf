// Which decisions of a clock rule `fxtape clock apply` may act upon: what was configured or inferred. What live ticks merely agree with today
// is as open in other seasons as what is provisional.
import { serverClocks } from '@fxtape/cli/clock-apply';
import type { AccountConfig } from '@fxtape/config';
import { HistoryReader } from '@fxtape/questdb';
import { until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { clock, http, SERVER } from './clock-apply-rig.ts';

test('a rule that evidence leaves open is provisional, whatever live rows were recorded with', async () => {
  await http.exec(
    `INSERT INTO accounts (ts, account, server, feed) VALUES ('2026-01-01T00:00:00Z', 'icm', '${SERVER}', 'f')`,
  );
  const confidences = ['provisional', 'recorded', 'inferred', 'configured'];
  const configured = [{ name: 'icm', clock: { rule: 'auto', replayed: false } }] as AccountConfig[];
  const reader = new HistoryReader({ http, clock });
  const told: (string | undefined)[] = [];
  for (const [i, confidence] of confidences.entries()) {
    const rule = `UTC+${i + 1}h`;
    await http.exec(
      `INSERT INTO clock_rules (ts, server, ts_decided, rule, rule_id, confidence) VALUES ('1971-01-01T00:00:00Z', '${SERVER}', '2026-01-0${i + 1}T00:00:00Z', '${rule}', '${rule}', '${confidence}')`,
    );
    const newest = async () => {
      const { servers } = await serverClocks({ configured, reader, http });
      const [server] = servers;
      return server?.rule === rule ? server : null;
    };
    told.push((await until(newest, { what: rule, deadlineMs: 20_000 })).confidence);
  }
  expect(told).toEqual(['provisional', 'provisional', 'inferred', 'configured']);
});
