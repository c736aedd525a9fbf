// Gaps that open and end in one event: unlike the gaps of an outage, they say nothing about what was recorded before them. In: the id from
// their line and stream, and their kind. Out: an id that shows the kind.

export const MOMENT_GAPS = ['aside', 'condemned', 'out', 'untimed'] as const;

export const momentGapId = (id: string, of: (typeof MOMENT_GAPS)[number]): string => `${id}.${of}`;
