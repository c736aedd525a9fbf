// Times on the wire of the API. In: integer microseconds UTC. Out: ISO 8601 with all six digits, `2026-11-23T08:00:00.000000Z`.

export function isoOfUs(us: number): string {
  const ms = Math.floor(us / 1000);
  const below = String(us - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().replace('Z', `${below}Z`);
}
