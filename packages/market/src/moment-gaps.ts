// Gaps that are told whole, for a moment of its own: unlike the gaps of an outage they say nothing about what was recorded before them. In: the
// id that their line and stream give them, and why they are told. Out: an id by which they are known.

export const MOMENT_GAPS = ['aside', 'condemned', 'out', 'untimed'] as const;

export const momentGapId = (id: string, of: (typeof MOMENT_GAPS)[number]): string => `${id}.${of}`;
