// What `import fc from 'fast-check'` gives in a short run: a law is tried a tenth as often as it asks to be.
import type { IRawProperty, Parameters } from 'fast-check';
import { createRequire } from 'node:module';

// By `require`, as an `import` of that name would lead back here.
const { default: fc } = createRequire(import.meta.url)('fast-check') as typeof import('fast-check');
const tenth = (runs = 100): number => Math.max(10, Math.ceil(runs / 10));

const assert = (<Ts>(property: IRawProperty<Ts>, parameters?: Parameters<Ts>) =>
  fc.assert(property, { ...parameters, numRuns: tenth(parameters?.numRuns) })) as typeof fc.assert;
export default { ...fc, assert };
