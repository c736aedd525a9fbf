// Lengths of time in the units that the code counts in. The suffix names the unit: seconds, milliseconds or microseconds.

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const MS_US = 1000;
export const SECOND_US = SECOND_MS * MS_US;
export const MINUTE_US = MINUTE_MS * MS_US;
export const HOUR_US = HOUR_MS * MS_US;
export const DAY_US = DAY_MS * MS_US;

export const HOUR_S = 3600;
