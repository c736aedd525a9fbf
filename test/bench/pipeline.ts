// The live path on one core: frame text → validated → marked → tape → follower → normalised → rows encoded, with our encoder and with the official client.
import { tempDir } from '@fxtape/testkit';
import { measureInChild, pinnable } from './child.ts';
import type { BenchOptions } from './options.ts';
import type { PipelineResult, PipelineRun } from './pipeline-child.ts';
import { figure, median, note, spread, table, title } from './report.ts';

const CORE = 1;

export const pipeline = async (o: BenchOptions): Promise<void> => {
  const ticks = o.short ? 400_000 : 1_500_000;
  title('pipeline: frame text → validated → tape → rows encoded (aim 250,000 ticks/s, not under 150,000)');
  note(
    `${figure(ticks)} ticks of 28 symbols a run, ${o.runs} runs each in turn, ${pinnable ? `held to core ${CORE}` : 'not held to one core'}`,
  );
  const results: Record<PipelineRun['encoder'], PipelineResult[]> = { own: [], official: [] };
  for (let i = 0; i < o.runs; i++) {
    for (const encoder of ['own', 'official'] as const) {
      const dir = tempDir('bench-pipeline');
      try {
        const run: PipelineRun = { encoder, ticks, dir: dir.path };
        const result = await measureInChild<PipelineResult>('./pipeline-child.ts', run, {
          core: CORE,
          profileDir: o.profileDir,
        });
        if (result.rows !== ticks) throw new Error(`${result.rows} rows of ${ticks} ticks`);
        results[encoder].push(result);
      } finally {
        await dir.remove();
      }
    }
  }
  const of = (encoder: PipelineRun['encoder'], what: (result: PipelineResult) => number): number[] =>
    results[encoder].map(what);
  table(
    ['encoder', 'ticks/s: median (least … most)', 'per CPU second', 'CPU, % of a core', 'RSS, MB'],
    (['own', 'official'] as const).map((encoder) => [
      encoder === 'own' ? 'own encoder, ILP v2' : 'official client 4.2.0, ILP v2',
      spread(of(encoder, (result) => result.ticksPerSecond)),
      figure(median(of(encoder, (result) => result.ticksPerCpuSecond))),
      figure(100 * median(of(encoder, (result) => result.cpuShare))),
      figure(median(of(encoder, (result) => result.rssMb))),
    ]),
  );
  const stages = Object.keys(results.own[0]?.stages ?? {});
  table(
    ['stage, µs per tick (median)', ...stages, 'sum'],
    (['own', 'official'] as const).map((encoder) => {
      const times = stages.map(
        (stage) => (1000 * median(of(encoder, (result) => result.stages[stage] ?? 0))) / ticks,
      );
      return [
        encoder,
        ...times.map((time) => figure(time, 2)),
        figure(
          times.reduce((sum, time) => sum + time, 0),
          2,
        ),
      ];
    }),
  );
  note('`mark` includes the ledger of the receiving half, `normalise` that of the sending half;');
  note(
    '`rest` is the follower, the event loop, and waiting for the disk. Generation of frames is not timed.',
  );
};
