// The collector's own figures for Prometheus, read from the pipelines when they are asked for.
import type { Metrics } from '@fxtape/ops';
import { Gauge } from 'prom-client';
import type { Pipeline } from './pipeline.ts';

export const exportMetrics = (metrics: Metrics, pipelines: () => readonly Pipeline[]): void => {
  const add = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void): void => {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [metrics.registry],
      collect: () => collect(gauge),
    });
  };
  add('fxtape_intake', 'What came in, by kind, since the start.', ['account', 'kind'], (gauge) => {
    for (const pipeline of pipelines()) {
      for (const [kind, count] of Object.entries(pipeline.parts?.intake.counters ?? {})) {
        gauge.set({ account: pipeline.config.name, kind }, count);
      }
    }
  });
  add('fxtape_streams', 'Streams by phase of their account of gaps.', ['account', 'phase'], (gauge) => {
    gauge.reset();
    for (const pipeline of pipelines()) {
      for (const stream of pipeline.parts?.memory.ledger.state.streams.values() ?? []) {
        gauge.inc({ account: pipeline.config.name, phase: stream.phase });
      }
    }
  });
  add(
    'fxtape_answered_lag_seconds',
    'Newest line of the tape minus newest line that QuestDB answered.',
    ['account'],
    (gauge) => {
      for (const pipeline of pipelines()) {
        const { parts } = pipeline;
        const answered = parts?.outflow.state.answeredTsRecv ?? null;
        if (parts === null || answered === null) continue;
        gauge.set(
          { account: pipeline.config.name },
          Math.max(0, (parts.memory.ledger.lastTsRecv - answered) / 1e6),
        );
      }
    },
  );
};
