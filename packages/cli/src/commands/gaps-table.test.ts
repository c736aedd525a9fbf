import type { GapRow, OutageRow } from '@fxtape/questdb';
import { expect, test } from 'vitest';
import { gapsTable, outagesTable } from './gaps-table.ts';

const T = Date.parse('2026-11-23T08:00:00Z') * 1000;
const all = { nowUs: T + 600e6, truncated: false, openOnly: false };

const gap = (over: Partial<GapRow>): GapRow => ({
  gap_id: 'g',
  outage_id: 'o',
  account: 'demo',
  feed: 'demo',
  symbol: 'EURUSD',
  stream: 'ticks',
  timeframe: null,
  ts_from: T,
  ts_to: T + 12_345_678,
  cause: 'disconnect',
  state: 'open',
  rows_healed: null,
  missing_estimate: null,
  evidence: 'code 1006',
  ts_updated: T,
  ...over,
});

test('gaps', () => {
  const rows = [
    gap({}),
    gap({ symbol: null, stream: 'deals', cause: 'server_dropped', evidence: 'x\n'.repeat(90) }),
    gap({ stream: 'bars', timeframe: 'M1', ts_to: null, cause: 'process_down', evidence: null }),
    gap({ ts_from: null, ts_to: null, cause: 'not_subscribed', state: 'healed' }),
  ];
  expect(gapsTable(rows, { ...all, truncated: true }).join('\n')).toMatchInlineSnapshot(`
    "FROM (UTC)                TO (UTC)                         LASTED  ACCOUNT  STREAM          CAUSE           STATE   ROWS  EVIDENCE
    2026-11-23T08:00:00.000Z  2026-11-23T08:00:12.345Z         12.3 s  demo     EURUSD ticks    disconnect      open          code 1006
    2026-11-23T08:00:00.000Z  2026-11-23T08:00:12.345Z         12.3 s  demo     deals           server_dropped  open          x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x x…
    2026-11-23T08:00:00.000Z  not ended                 10 min so far  demo     EURUSD bars M1  process_down    open
    unknown                   not ended                                demo     EURUSD ticks    not_subscribed  healed        code 1006

    the newest 4 gaps; more with --limit, 2 not ended"
  `);
});

test('states: what was added, what is lost, what was nothing', () => {
  const rows = [
    gap({ state: 'healed', rows_healed: 120, missing_estimate: 118.4, evidence: 'agreed' }),
    gap({ state: 'verified_empty', rows_healed: 0, missing_estimate: 0, evidence: 'two answers' }),
    gap({ state: 'unrecoverable', rows_healed: 0, missing_estimate: 340.2, evidence: 'no route' }),
    gap({ state: 'unrecoverable', cause: 'refused', evidence: 'not known how many' }),
  ];
  expect(gapsTable(rows, all).join('\n')).toMatchInlineSnapshot(`
    "FROM (UTC)                TO (UTC)                  LASTED  ACCOUNT  STREAM        CAUSE       STATE                   ROWS  EVIDENCE
    2026-11-23T08:00:00.000Z  2026-11-23T08:00:12.345Z  12.3 s  demo     EURUSD ticks  disconnect  healed                  +120  agreed
    2026-11-23T08:00:00.000Z  2026-11-23T08:00:12.345Z  12.3 s  demo     EURUSD ticks  disconnect  verified_empty                two answers
    2026-11-23T08:00:00.000Z  2026-11-23T08:00:12.345Z  12.3 s  demo     EURUSD ticks  disconnect  unrecoverable   ~340 missing  no route
    2026-11-23T08:00:00.000Z  2026-11-23T08:00:12.345Z  12.3 s  demo     EURUSD ticks  refused     unrecoverable                 not known how many

    4 gaps"
  `);
});

test('outages', () => {
  const outage: OutageRow = {
    outage_id: 'o',
    account: 'demo',
    ts_from: T,
    ts_to: null,
    causes: 'disconnect,stalled',
    streams: 'ticks,bars',
    gaps: 70,
    open_gaps: 2,
    ts_updated: T,
  };
  expect(outagesTable([outage], all).join('\n')).toMatchInlineSnapshot(`
    "FROM (UTC)                TO (UTC)          LASTED  ACCOUNT  CAUSES              STREAMS     GAPS  OPEN
    2026-11-23T08:00:00.000Z  not ended  10 min so far  demo     disconnect,stalled  ticks,bars    70     2

    1 outage, 1 not ended"
  `);
});

test('nothing is a sentence', () => {
  expect(gapsTable([], all)).toEqual(['No gaps.']);
  expect(gapsTable([], { ...all, openOnly: true })).toEqual(['No open gaps.']);
  expect(outagesTable([], { ...all, openOnly: true })).toEqual(['No open outages.']);
});
