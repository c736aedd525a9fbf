// The planner at the size of a large installation: 50 accounts, 30 symbols, nine timeframes, five years, 100,000 open gaps.
import { measureInChild } from './child.ts';
import type { BenchOptions } from './options.ts';
import type { PlannerResult, PlannerRun } from './planner-child.ts';
import { figure, note, spread, table, title } from './report.ts';

const SCENES: Record<PlannerRun['scene'], string> = {
  empty: 'nothing claimed yet',
  holes: 'claimed, with holes in every stream',
  whole: 'claimed up to now',
};

export const planner = async (o: BenchOptions): Promise<void> => {
  const size = o.short
    ? { accounts: 5, symbols: 30, years: 5, gaps: 10_000, holes: 8 }
    : { accounts: 50, symbols: 30, years: 5, gaps: 100_000, holes: 8 };
  title('planner: everything that is missing, cut into jobs (aim: under 10 s and 500 MB)');
  note(
    `${size.accounts} accounts × ${size.symbols} symbols × 9 timeframes × ${size.years} years, ${figure(size.gaps)} gaps, all inputs in memory; ${o.runs} runs each in a process of its own`,
  );
  const rows = [];
  for (const scene of Object.keys(SCENES) as PlannerRun['scene'][]) {
    const results: PlannerResult[] = [];
    for (let i = 0; i < o.runs; i += 1) {
      const run: PlannerRun = { ...size, scene };
      results.push(
        await measureInChild<PlannerResult>('./planner-child.ts', run, { core: 1, profileDir: o.profileDir }),
      );
    }
    const first = results[0] as PlannerResult;
    rows.push([
      SCENES[scene],
      first.jobs,
      spread(
        results.map((result) => result.wholeMs / 1000),
        2,
      ),
      spread(
        results.map((result) => result.firstMs / 1000),
        2,
      ),
      spread(results.map((result) => result.peakMb)),
    ]);
  }
  table(
    [
      'what is stored',
      'jobs',
      'whole plan, s: median (least … most)',
      'first 300 of each account, s',
      'peak RSS, MB',
    ],
    rows,
  );
};
