// Gaps that open and end in one event. Unlike the gaps of an outage they do not bound coverage before them. In: the id from their line and
// stream, and their kind. Out: an id that shows the kind.

export const MOMENT_GAPS = ['aside', 'condemned', 'out', 'untimed'] as const;

export const momentGapId = (id: string, of: (typeof MOMENT_GAPS)[number]): string => `${id}.${of}`;
