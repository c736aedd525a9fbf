// The processes that the command can start, by name.

export const SERVICES = ['collector', 'scheduler', 'backfill', 'console', 'simulator'] as const;

/** What `up` and `run` can start: the services, and the paper trader of the demonstration. */
export const PROCESSES = [...SERVICES, 'paper-trader'] as const;
export type ProcessName = (typeof PROCESSES)[number];
