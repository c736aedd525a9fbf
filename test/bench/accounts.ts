// Memory of one collector by the number of accounts, while the database is frozen for a minute and until it has caught up. Waiting rows are on
// the tapes, so memory must not multiply with the accounts.
import { CRYPTO, Recording, type Service, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchOptions } from './options.ts';
import { sight } from './processes.ts';
import { figure, table, title } from './report.ts';

/** Of each account. */
const TICKS_PER_SECOND = 500;

interface Figures {
  readonly live: number;
  readonly away: number;
  readonly catching: number;
  readonly backS: number;
}

export const accounts = async (o: BenchOptions): Promise<void> => {
  const counts = o.short ? [1, 4] : [1, 4, 16];
  const [warmS, awayS] = o.short ? [5, 15] : [10, 60];
  title(
    `accounts: memory of a collector, ${TICKS_PER_SECOND} ticks/s an account, the database frozen for ${awayS} s`,
  );
  const rows: (string | number)[][] = [];
  for (const count of counts) {
    const { away, backS, catching, live } = await measured(count, warmS, awayS);
    rows.push([count, live, away, catching, figure(backS, 1)]);
  }
  table(['accounts', 'most MB: live', 'frozen', 'catching up', 's until up to date'], rows);
};

async function measured(count: number, warmS: number, awayS: number): Promise<Figures> {
  const ids = Array.from(
    { length: count },
    (_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  );
  const recording = await Recording.start({
    accounts: ids.map((id, n) => ({ id, name: `a${n}` })),
    scenario: {
      accounts: ids.map((id, n) => ({ id, nickname: `a${n}`, login: 100 + n, server: `server-${n}` })),
      source: { kind: 'market', ticksPerSecond: TICKS_PER_SECOND, symbols: CRYPTO },
      ledger: 'counts',
    },
  });
  try {
    const service = await recording.collector();
    await recording.live(service);
    const live = await most(service, warmS);
    await recording.questdb.freeze();
    const away = await most(service, awayS);
    await recording.questdb.thaw();
    const backMs = performance.now();
    let catching = 0;
    const isUpToDate = async (): Promise<boolean> => {
      catching = Math.max(catching, await most(service, 0.5));
      const state = (await (await fetch(`${service.http}/state`)).json()) as {
        accounts: { sender: { lagMs: number | null } }[];
      };
      return state.accounts.every(({ sender }) => (sender.lagMs ?? Number.POSITIVE_INFINITY) < 3000);
    };
    await until(isUpToDate, {
      what: 'every account to be up to date',
      deadlineMs: 600_000,
      retryErrors: true,
    });
    return { live, away, catching, backS: (performance.now() - backMs) / 1000 };
  } finally {
    await recording.close();
  }
}

/** The largest of some samples, MB. */
async function most(service: Service, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  let largest = 0;
  while (performance.now() < endMs) {
    largest = Math.max(largest, sight(service.pid)?.rssMb ?? 0);
    await delay(250);
  }
  return largest;
}
