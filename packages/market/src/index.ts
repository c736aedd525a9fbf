export * from './clock-rule.ts';
export * from './time.ts';
