// What `npm start`, `npm test`, `npm run bench` and `npm run setup` run, on nothing but Node 20 and npm. In: the task and arguments for what
// follows. It brings pnpm, the packages and a Node (all pinned by the lock file), then hands over: to `fxtape up`, to the checks and the
// tests, or to the benchmarks. Out: the exit code of what it ran. Signals are passed on once, however many ways they come.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isNewEnough, OLDEST_RUNTIME } from './node-floor.mjs';
import { summarise } from './test-summary.mjs';

const PNPM = 'pnpm@12.21.0';
const OLDEST_NODE = 20;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const stampFile = join(root, 'node_modules', '.fxtape-setup');
const windows = process.platform === 'win32';

class SetupError extends Error {}

function say(text) {
  process.stderr.write(`fxtape: ${text}\n`);
}

function majorOf(version) {
  return Number(/^v?(\d+)/.exec(version)?.[1] ?? 0);
}

/** How npm's `exec` is started: the npm that runs us, else the npx on the PATH. */
function npmExec() {
  const npmCli = process.env.npm_execpath;
  if (npmCli !== undefined && /npm-cli\.[cm]?js$/.test(npmCli)) {
    return { command: process.execPath, args: [npmCli, 'exec', '--yes', '--'], shell: false };
  }
  try {
    execFileSync('npx', ['--version'], { stdio: 'ignore', shell: windows });
  } catch {
    throw new SetupError('npm was not found. Install Node.js together with npm, then try again.');
  }
  return { command: 'npx', args: ['-y'], shell: windows };
}

/** Changes whenever the installed packages have to change. */
function wantedStamp() {
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, file)));
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`;
}

async function install() {
  const stamp = wantedStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  say('installing packages (only the first time, and when the lock file changes)');
  const startedMs = performance.now();
  const { command, args, shell } = npmExec();
  // Its warnings about the Node that runs it mean nothing here: another one runs everything else. What it printed is shown when it fails.
  let printed = '';
  const passedS = (digits) => ((performance.now() - startedMs) / 1000).toFixed(digits);
  const tick = setInterval(() => process.stderr.isTTY && process.stderr.write(`\r${passedS(0)} s …`), 1000);
  tick.unref();
  const code = await run(command, [...args, PNPM, 'install', '--frozen-lockfile'], {
    shell,
    stdio: ['inherit', 'pipe', 'pipe'],
    read: (text) => (printed += text),
  });
  clearInterval(tick);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  if (code !== 0) process.stderr.write(printed);
  if (code > 128)
    throw new SetupError('interrupted while the packages were installed; the next start goes on');
  if (code !== 0) {
    throw new SetupError(
      `the packages could not be installed (pnpm ended with ${code}). Check the network and npm's proxy settings, then try again.`,
    );
  }
  writeFileSync(stampFile, stamp);
  say(`packages installed in ${passedS(1)} s`);
}

/** The Node that the packages brought, else this one when it is new enough. */
function findNode() {
  const brought = join(bin, windows ? 'node.exe' : 'node');
  if (existsSync(brought)) {
    try {
      const version = execFileSync(brought, ['--version'], { encoding: 'utf8' });
      if (isNewEnough(version)) return brought;
      say(`the Node that was installed is ${version.trim()}, older than ${OLDEST_RUNTIME}`);
    } catch (error) {
      say(`the Node that was installed does not run here (${error.message.split('\n')[0]})`);
    }
  }
  if (isNewEnough(process.version)) return process.execPath;
  throw new SetupError(
    `no Node comes as a package for ${process.platform}-${process.arch}, and this is ${process.version}. Install Node ${OLDEST_RUNTIME} or newer, then try again.`,
  );
}

const running = new Set();

/** Runs a command to its end; `read` takes what it prints into pipes. Resolves with its exit code, 128 + n when signal n ended it. */
function run(command, args, { read, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    for (const stream of read === undefined ? [] : [child.stdout, child.stderr]) stream.on('data', read);
    child.sharesTerminal = options.detached !== true && process.stdin.isTTY === true;
    running.add(child);
    child.once('error', (error) => {
      running.delete(child);
      reject(new SetupError(`${command} could not be started: ${error.message}`));
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function passSignalsOn() {
  let lastMs = -Infinity;
  const pass = (signal) => {
    // The terminal and npm both send it within milliseconds; a person's second Ctrl-C comes later and counts.
    const nowMs = performance.now();
    const repeated = nowMs - lastMs < 500;
    lastMs = nowMs;
    if (repeated) return;
    if (running.size === 0) process.exit(128 + constants.signals[signal]);
    for (const child of running) {
      // What shares our terminal has got its Ctrl-C from there.
      if (signal === 'SIGINT' && child.sharesTerminal) continue;
      child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => pass(signal));
}

/**
 * Where the recorder looks for fxtape.yaml and keeps ./data: here, or with `npm --prefix` in the folder that npm was called in, when the file
 * lies there.
 */
function startFolder() {
  const callers = process.env.INIT_CWD;
  return callers !== undefined && existsSync(join(callers, 'fxtape.yaml')) ? callers : root;
}

async function start(node, args) {
  // In a process group of its own, so that a Ctrl-C comes from here only; and it ends when the pipe to it closes, that is with us,
  // however we end.
  const main = join(root, 'packages', 'cli', 'src', 'main.ts');
  const command = ['--conditions=@fxtape/source', main, 'up', '--with-parent', ...args];
  return run(node, command, {
    cwd: startFolder(),
    detached: !windows,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
}

/** The checks, then the tests; with arguments, only the tests that they choose. */
async function test(node, args) {
  if (args.length === 0) {
    for (const [title, tool, ...rest] of [
      ['types', 'tsc', '-p', 'tsconfig.json'],
      ['types of the page', 'tsc', '-p', 'services/console/src/request-builder/page/tsconfig.json'],
      ['lint', 'oxlint', '--deny-warnings'],
      ['format', 'biome', 'format', '.'],
      ['unused', 'knip'],
    ]) {
      say(`checking ${title}`);
      const code = await run(join(bin, tool), rest, { shell: windows });
      if (code !== 0) return code;
    }
  }
  const reports = mkdtempSync(join(tmpdir(), 'fxtape-test-'));
  try {
    const runs =
      args.length === 0
        ? await testHalves(node, reports)
        : [await vitest(node, join(reports, 'only.json'), args)];
    const { code, end, slowest } = summarise(runs, root);
    process.stdout.write(`${[...slowest, ...end].join('\n')}\n`);
    // For who runs more than one part and counts them together.
    if (process.env.FXTAPE_TEST_SUMMARY)
      appendFileSync(process.env.FXTAPE_TEST_SUMMARY, `${end.join('\n')}\n`);
    return code;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

/** Tests wait more than they compute, so two runs go side by side, each with servers of its own; the second one is shown at its end. */
async function testHalves(node, reports) {
  say('testing in two halves at once; the second one is printed when it has ended');
  const file = join(reports, 'second.log');
  const log = openSync(file, 'w');
  const halves = await Promise.all([
    vitest(node, join(reports, 'first.json'), ['--project', 'unit', '--project', 'integration']),
    vitest(node, join(reports, 'second.json'), ['--project', 'e2e'], {
      stdio: ['ignore', log, log],
    }),
  ]);
  closeSync(log);
  process.stdout.write(readFileSync(file));
  return halves;
}

/** One run. Resolves with its exit code and what it reported; null when it ended without a report. */
async function vitest(node, report, args, options) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const program = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const code = await run(node, [program, 'run', ...reporters, ...args], options);
  return { code, report: existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null };
}

async function main([task, ...args]) {
  if (majorOf(process.version) < OLDEST_NODE) {
    throw new SetupError(`Node ${OLDEST_NODE} or newer is needed, and this is ${process.version}.`);
  }
  if (!['start', 'test', 'bench', 'setup'].includes(task)) {
    throw new SetupError('usage: node scripts/with-setup.mjs start|test|bench|setup [arguments]');
  }
  passSignalsOn();
  await install();
  const node = findNode();
  process.env.PATH = `${bin}${delimiter}${process.env.PATH ?? ''}`;
  // Halves the start of every process after the first one.
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'compile');
  if (task === 'start') return start(node, args);
  if (task === 'test') return test(node, args);
  if (task === 'bench')
    return run(node, ['--conditions=@fxtape/source', join('test', 'bench', 'main.ts'), ...args]);
  say('everything is installed');
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
