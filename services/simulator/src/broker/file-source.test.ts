import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRealDay } from '../real-day.ts';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { connect, until } from '../../testing/client.ts';
import { Random } from '../prices/random.ts';
import { readTickFile } from '../prices/tick-file.ts';

const START = Date.parse('2020-01-01T22:00:00.065Z');
let folder: string;
let simulator: Simulator | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fxtape-file-'));
});
afterEach(async () => {
  await simulator?.close();
  simulator = null;
  rmSync(folder, { recursive: true, force: true });
});

interface Row {
  readonly utcMs: number;
  readonly bid: string;
  readonly ask: string;
}

/** Rows with pauses, many in one millisecond and equal ones among them. */
function writeRows(rows: number, gapMs = 4000): { path: string; written: Row[] } {
  const random = new Random(5, 'rows');
  const written: Row[] = [];
  let utcMs = START;
  for (let i = 0; i < rows; i++) {
    const before = written.at(-1);
    if (before !== undefined && random.next() < 0.05) {
      written.push(before);
      continue;
    }
    if (random.next() < 0.8) utcMs += random.below(gapMs);
    const points = 112_000 + random.below(300);
    written.push({
      utcMs,
      bid: `1.${points}0`.replace('1.1', '1.'),
      ask: `1.${points + 7}0`.replace('1.1', '1.'),
    });
  }
  const path = join(folder, 'ticks.csv');
  const lines = written.map((row) => `${row.utcMs},${row.bid},${row.ask}`);
  writeFileSync(path, `utc_ms,bid,ask\n${lines.join('\n')}\n`);
  return { path, written };
}

describe('a file of ticks', () => {
  it('played as fast as possible reaches a client row by row, once and exactly', async () => {
    const { path, written } = writeRows(20_000);
    simulator = await startSimulator({
      source: { kind: 'file', path, symbol: 'EURUSD', speed: 'max' },
      heartbeatMs: 20,
    });
    const client = await connect(simulator);
    await client.subscribe('terminal');
    await until('a heartbeat', () => client.of('terminal').length > 0);
    expect(simulator.state().source).toMatchObject({ played: 0 });
    await client.subscribe('prices', 'EURUSD');
    await until('every row', () => client.ticks().length >= written.length, 15_000);
    expect(client.ticks().map(({ bid, ask, brokerMs }) => [brokerMs, bid, ask])).toEqual(
      // Winter: New York + 7 h is UTC+2.
      written.map((row) => [row.utcMs + 7_200_000, Number(row.bid), Number(row.ask)]),
    );
    const lines = [...(simulator.ledger() ?? [])];
    expect(lines.map(({ utcMs, conn, bid }) => [utcMs, conn, bid])).toEqual(
      written.map((row) => [row.utcMs, 1, Number(row.bid)]),
    );
    expect(simulator.state().source).toMatchObject({ ended: true, rows: 20_000, played: 20_000 });
    const end = (written.at(-1)?.utcMs ?? 0) + 7_200_000;
    const times = (): number[] =>
      client.of('terminal').map(({ data }) => Date.parse((data as { serverTime: string }).serverTime));
    await until('the clock goes on after the end', () => times().some((time) => time > end));
    expect(times().some((time) => time < START + 7_200_000)).toBe(true);
    expect(times()).toEqual(times().toSorted((a, b) => a - b));
  });

  it('has no heartbeat between the ticks that is ahead of a tick behind it', async () => {
    const { path } = writeRows(3000, 40);
    simulator = await startSimulator({
      source: { kind: 'file', path, symbol: 'EURUSD', speed: 100 },
      heartbeatMs: 10,
    });
    const client = await connect(simulator);
    await client.subscribe('terminal');
    await client.subscribe('prices', 'EURUSD');
    await until('the end', () => simulator?.state().source['ended'] === true, 15_000);
    await simulator.pause();
    await until('everything is read', () => client.ticks().length === 3000);
    const times = client.frames
      .filter(({ type }) => type === 'tick' || type === 'terminal')
      .map(({ data }) => {
        const { time, serverTime } = data as { time?: string; serverTime?: string };
        return Date.parse(time ?? serverTime ?? '');
      });
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(client.of('terminal').length).toBeGreaterThan(10);
  });

  it('stands still while paused and goes on where it stood', async () => {
    const { path, written } = writeRows(2000, 20);
    simulator = await startSimulator({ source: { kind: 'file', path, symbol: 'EURUSD', speed: 20 } });
    const client = await connect(simulator);
    await client.subscribe('prices', 'EURUSD');
    await until('some rows', () => client.ticks().length > 50);
    await simulator.pause();
    const { played } = simulator.state().source;
    expect(simulator.state().nowUtc <= new Date(written[Number(played)]?.utcMs ?? 0).toISOString()).toBe(
      true,
    );
    expect(simulator.state().generated).toBe(played);
    simulator.resume();
    await until('every row', () => client.ticks().length === 2000, 15_000);
    expect(client.ticks().map(({ brokerMs }) => brokerMs - 7_200_000)).toEqual(
      written.map(({ utcMs }) => utcMs),
    );
  });

  it('in HistData’s form is read as UTC, five hours later than it says, in summer too', () => {
    const path = join(folder, 'DAT_ASCII_EURUSD_T_202001.csv');
    writeFileSync(path, '20200101 170000065,1.121200,1.121720,0\r\n20200701 120000000,1.12,1.1203,0\r\n');
    const file = readTickFile(path);
    expect([...file.utcMs]).toEqual([START, Date.parse('2020-07-01T17:00:00Z')]);
    expect([file.digits, [...file.bid], [...file.ask]]).toEqual([5, [112_120, 112_000], [112_172, 112_030]]);
    expect(readRealDay(path)).toMatchObject({ symbol: 'EURUSD', rows: 2, fromUtcMs: START });
    expect(readRealDay(path, 'EURUSDm').symbol).toBe('EURUSDm');
    const unnamed = join(folder, 'ticks.csv');
    copyFileSync(path, unnamed);
    expect(() => readRealDay(unnamed)).toThrow(expect.objectContaining({ code: 'SIMULATOR_SYMBOL_UNKNOWN' }));
    expect(readRealDay(unnamed, 'EURUSD').name).toBe(readRealDay(path).name);
  });

  it('is refused with the line that is wrong', () => {
    const bad = (content: string): (() => unknown) => {
      const path = join(folder, 'bad.csv');
      writeFileSync(path, content);
      return () => readTickFile(path);
    };
    expect(bad('time,bid,ask\n1,1,1\n')).toThrow(/line 1 .*HistData/);
    expect(bad('')).toThrow(/line 1 /);
    expect(bad('20200101 170000065,1.1,1.2,0\n20200230 170000065,1.1,1.2,0\n')).toThrow(
      /line 2.*time such as/,
    );
    expect(bad('20200101 170000065,1.1,,0\n')).toThrow(/line 1.*two prices/);
    expect(() => readTickFile(join(folder, 'none.csv'))).toThrow(
      expect.objectContaining({
        code: 'SIMULATOR_FILE_UNREADABLE',
        message: expect.stringContaining('there is no'),
      }),
    );
    expect(() => readTickFile(folder)).toThrow(
      expect.objectContaining({ code: 'SIMULATOR_FILE_UNREADABLE' }),
    );
    expect(bad('utc_ms,bid,ask\n')).toThrow(/no tick/);
    const head = `utc_ms,bid,ask\n${START}`;
    expect(bad(`${head},1.1,x\n`)).toThrow(/line 2/);
    expect(bad(`${head},1.123456789,1\n${START},9.1,1\n`)).toThrow(/line 3.*too many digits/);
    expect(bad('utc_ms;bid;ask\n')).toThrow(/line 1 .*semicolons/);
    expect(bad('PK\u0003\u0004')).toThrow(/compressed/);
  });
});
