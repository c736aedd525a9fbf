// Encoding rows to bytes: our encoder next to the official client in both of its protocols (decision 0001).
import { measureInChild } from './child.ts';
import type { EncodeResult, EncodeRun } from './encode-child.ts';
import type { BenchOptions } from './options.ts';
import { figure, median, note, spread, table, title } from './report.ts';

const ENCODERS = ['own v2', 'official v1', 'official v2'] as const;

export const encode = async (o: BenchOptions): Promise<void> => {
  const rows = o.short ? 300_000 : 1_000_000;
  title('encode: rows of `ticks` → line protocol');
  note(
    `${figure(rows)} rows a run in requests of 50,000, ${o.runs} runs each in turn, each in a process of its own`,
  );
  const results = new Map<string, EncodeResult[]>(ENCODERS.map((encoder) => [encoder, []]));
  for (let i = 0; i < o.runs; i++) {
    for (const encoder of ENCODERS) {
      const run: EncodeRun = { encoder, rows };
      const child = { core: 1, profileDir: o.profileDir };
      results.get(encoder)?.push(await measureInChild<EncodeResult>('./encode-child.ts', run, child));
    }
  }
  table(
    ['encoder', 'rows/s: median (least … most)', 'rows per CPU second', 'bytes/row'],
    ENCODERS.map((encoder) => {
      const found = results.get(encoder) ?? [];
      return [
        encoder === 'own v2'
          ? 'own encoder, v2 (binary doubles)'
          : `official client 4.2.0, ${encoder.slice(-2)}`,
        spread(found.map((result) => result.rowsPerSecond)),
        figure(median(found.map((result) => result.rowsPerCpuSecond))),
        figure(median(found.map((result) => result.bytesPerRow)), 1),
      ];
    }),
  );
};
