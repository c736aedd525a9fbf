// The collector's own metrics for Prometheus. They are read from the pipelines at each scrape.
import type { Skew } from '@fxtape/market';
import type { Clock, Metrics } from '@fxtape/ops';
import { Gauge } from 'prom-client';
import type { Pipeline } from '../pipeline.ts';
import { ACCOUNT_STATES } from './account-state.ts';
import { lagMsOf, momentOf, stateOf } from './report.ts';

export const exportMetrics = (
  metrics: Metrics,
  pipelines: () => readonly Pipeline[],
  clock: Pick<Clock, 'monoMs' | 'nowUs'>,
): void => {
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
  add(
    'fxtape_fields_unreadable',
    'Frames that are stored with null in a field that could not be read, since the start.',
    ['account'],
    (gauge) => {
      for (const { config, parts } of pipelines())
        gauge.set({ account: config.name }, parts?.outflow.state.fieldsUnreadable ?? 0);
    },
  );
  add('fxtape_streams', 'Streams by their phase in the gap ledger.', ['account', 'phase'], (gauge) => {
    gauge.reset();
    for (const pipeline of pipelines()) {
      for (const stream of pipeline.parts?.memory.ledger.state.streams.values() ?? []) {
        gauge.inc({ account: pipeline.config.name, phase: stream.phase });
      }
    }
  });
  add(
    'fxtape_account_state',
    'The state of the account: 1 for the one it is in.',
    ['account', 'state'],
    (gauge) => {
      gauge.reset();
      for (const pipeline of pipelines()) {
        const now = stateOf(pipeline, momentOf(clock)).state;
        for (const state of ACCOUNT_STATES)
          gauge.set({ account: pipeline.config.name, state }, state === now ? 1 : 0);
      }
    },
  );
  add(
    'fxtape_answered_lag_seconds',
    'Newest line of the tape minus the newest line that QuestDB confirmed.',
    ['account'],
    (gauge) => {
      gauge.reset();
      for (const { config, parts } of pipelines()) {
        const lagMs = parts === null ? null : lagMsOf(parts, clock.nowUs());
        if (lagMs !== null) gauge.set({ account: config.name }, lagMs / 1000);
      }
    },
  );
  // Unknown is not zero: without a value there is no line.
  const skew = (name: string, help: string, of: (skew: Skew) => number): void =>
    add(name, help, ['account'], (gauge) => {
      gauge.reset();
      for (const { config, parts } of pipelines()) {
        const known = parts?.intake.watch.skew(clock.monoMs()) ?? null;
        if (known !== null) gauge.set({ account: config.name }, of(known) / 1000);
      }
    });
  skew(
    'fxtape_clock_skew_seconds',
    "The broker's clock minus the machine's, by the clock rule.",
    ({ ms }) => ms,
  );
  skew(
    'fxtape_clock_skew_uncertainty_seconds',
    'Uncertainty of the skew: it is within this much, either way.',
    ({ uncertaintyMs }) => uncertaintyMs,
  );
};
