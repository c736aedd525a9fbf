// What stands at the end of a run of tests. In: the exit codes and Vitest's JSON reports. Out: the slowest files, once more what failed, and
// as the last line how many tests passed, failed and were skipped; and the exit code.
import { relative } from 'node:path';

const SHOWN = 20;

/** `runs`: exit code of each, and its report; null when it ended without one. */
export function summarise(runs, root) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const end = [];
  for (const { code, report } of runs) {
    if (report === null) end.push('a run of tests ended without a report');
    sum.passed += report?.numPassedTests ?? 0;
    // A file that could not be loaded, or an error outside of any test, fails the run without failing a test.
    sum.failed += report?.numFailedTests || (code === 0 && report !== null ? 0 : 1);
    sum.skipped += report === null ? 0 : report.numPendingTests + report.numTodoTests;
  }
  if (sum.passed === 0) end.push('no test passed');
  const files = runs.flatMap(({ report }) => report?.testResults ?? []);
  for (const file of files) end.push(...failuresOf(file, root));
  end.push(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  const code = Math.max(...runs.map((each) => each.code), 0);
  return {
    slowest: slowestOf(files, root),
    end,
    code: sum.passed === 0 || sum.failed > 0 ? code || 1 : code,
  };
}

function slowestOf(files, root) {
  const timed = files.map(({ endTime, name, startTime }) => ({ name, ms: endTime - startTime }));
  const slowest = timed.sort((a, b) => b.ms - a.ms).slice(0, SHOWN);
  if (slowest.length < 2) return [];
  return [
    `slowest ${slowest.length} of ${files.length} files:`,
    ...slowest.map(({ ms, name }) => `${(ms / 1000).toFixed(1).padStart(8)} s  ${relative(root, name)}`),
  ];
}

/** What failed, once more and last: with two runs it would stand thousands of lines above the end. */
function* failuresOf(file, root) {
  const name = relative(root, file.name);
  const failed = file.assertionResults.filter((each) => each.status === 'failed');
  if (failed.length === 0 && file.status === 'failed') yield `failed: ${name}\n${indented(file.message)}`;
  for (const each of failed) yield `failed: ${name} > ${each.fullName}\n${indented(each.failureMessages[0])}`;
}

function indented(message = '') {
  return message
    .split('\n', 60)
    .filter((line) => !line.includes('node_modules'))
    .map((line) => `    ${line}`)
    .join('\n');
}
