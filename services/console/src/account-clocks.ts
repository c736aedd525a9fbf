// What is known of the clock of each account. In: the configuration and QuestDB. Out: the rule in force with its evidence and what would
// settle it, and every decision before it.
import type { AccountConfig } from '@fxtape/config';
import { parseClockRule, type TableRow } from '@fxtape/market';
import type { HistoryReader } from '@fxtape/questdb';
import { isoOfUs } from './instant.ts';
import type { AccountClock, ClockPiece } from './schemas.ts';

type RuleRow = TableRow<'clock_rules'>;

export async function gatherClocks(
  accounts: readonly AccountConfig[],
  reader: Pick<HistoryReader, 'accounts' | 'clockRules'>,
): Promise<AccountClock[]> {
  const known = await reader.accounts();
  return Promise.all(
    accounts.map(async (config): Promise<AccountClock> => {
      const server = known.find(({ account }) => account === config.name)?.server ?? null;
      return clockOf(config, server, server === null ? [] : await reader.clockRules(server));
    }),
  );
}

export function clockOf(
  config: AccountConfig,
  server: string | null,
  rows: readonly RuleRow[],
): AccountClock {
  const byTime = [...Map.groupBy(rows, (row) => row.ts_decided)].toSorted(([a], [b]) => b - a);
  const decisions = byTime.map(([us, [row]]) => ({
    decided_at: isoOfUs(us),
    rule: row?.rule_id ?? '',
    confidence: row?.confidence ?? '',
  }));
  const configured = config.clock.rule === 'auto' ? null : config.clock.rule;
  const [inForce] = decisions;
  const rule = configured ?? inForce?.rule ?? null;
  // A rule that was configured a moment ago is not written down yet.
  const written = inForce !== undefined && inForce.rule === (rule === null ? null : parseClockRule(rule).id);
  const evidence = written ? readEvidence(byTime[0]?.[1][0]?.evidence ?? null) : null;
  return {
    account: config.name,
    server,
    rule,
    confidence: configured === null ? (inForce?.confidence ?? null) : 'configured',
    decided_at: written ? inForce.decided_at : null,
    pieces: rule === null ? [] : piecesOf(rule),
    settles: settlesOf(evidence),
    evidence,
    decisions,
  };
}

const piecesOf = (rule: string): ClockPiece[] =>
  parseClockRule(rule).pieces.map(({ fromUtcMs, rule: piece }) => ({
    valid_from: Number.isFinite(fromUtcMs) ? new Date(fromUtcMs).toISOString() : null,
    rule: piece,
  }));

function settlesOf(evidence: unknown): string[] {
  const { settles } = Object(evidence) as { settles?: unknown };
  return Array.isArray(settles) ? settles.map(String) : [];
}

function readEvidence(text: string | null): unknown {
  if (text === null || !text.startsWith('{')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Written by another release: shown as it stands.
    return text;
  }
}
