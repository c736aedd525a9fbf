// Rows that were written under one clock rule, corrected to another on a real QuestDB: every one of them then stands where it would stand if
// the right rule had read it from the start. More pairs of rules, and kills, are in the lane `disasters`.
import { parseClockRule, tellsAlike } from '@fxtape/market';
import { expect, test } from 'vitest';
import { correctedFromTo, MOVED } from './clock-apply-runs.ts';

test('from UTC+9h to a broker that moved: as if the right rule had read every row', () =>
  correctedFromTo('UTC+9h', MOVED));

test('hours that both rules repeat alike keep their rows', () => {
  const [athens, shifted] = [parseClockRule('Europe/Athens'), parseClockRule(MOVED)];
  const autumn2024 = Date.UTC(2024, 9, 27, 3, 30);
  expect(tellsAlike(athens, shifted, autumn2024)).toBe(true);
  expect(tellsAlike(parseClockRule('UTC+2h'), athens, autumn2024)).toBe(false);
});
