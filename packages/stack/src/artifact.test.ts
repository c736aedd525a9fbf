import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Artifact, engineCacheDir, provideArtifact } from './artifact.ts';

const CONTENT = 'the pinned bytes\n';
const artifact: Artifact = {
  folder: 'thing-1',
  title: 'Thing 1',
  coordinates: 'org.example:thing:1',
  jar: { file: 'thing-1.jar', sha256: createHash('sha256').update(CONTENT).digest('hex'), megabytes: 1 },
};
const log = { info: () => {}, warn: () => {} };

let dir: string;
let env: Record<string, string>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-artifact-'));
  env = { PATH: [dir, '/usr/bin', '/bin'].join(delimiter), XDG_CACHE_HOME: join(dir, 'cache') };
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Puts a command `mvn` first on the PATH that writes `content` where Maven would. */
function standInMaven(content: string, exitCode = 0): void {
  writeFileSync(join(dir, 'content'), content);
  const script = `#!/bin/sh
echo call >>"${dir}/calls"
for a; do case "$a" in -DoutputDirectory=*) out="\${a#*=}";; esac; done
[ ${exitCode} -eq 0 ] && cp "${dir}/content" "$out/thing-1.jar"
exit ${exitCode}
`;
  writeFileSync(join(dir, 'mvn'), script);
  chmodSync(join(dir, 'mvn'), 0o755);
}

function calls(): number {
  return readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n').length;
}

test('fetched once, then taken from the cache', async () => {
  standInMaven(CONTENT);
  const path = await provideArtifact(artifact, { env, log });
  expect(readFileSync(path, 'utf8')).toBe(CONTENT);
  expect(await provideArtifact(artifact, { env, log })).toBe(path);
  expect(calls()).toBe(1);
});

test('a damaged cache is fetched again', async () => {
  standInMaven(CONTENT);
  const path = await provideArtifact(artifact, { env, log });
  writeFileSync(path, 'damaged');
  expect(readFileSync(await provideArtifact(artifact, { env, log }), 'utf8')).toBe(CONTENT);
  expect(calls()).toBe(2);
});

test('other bytes than the pinned ones are refused and leave nothing behind', async () => {
  standInMaven('something else');
  await expect(provideArtifact(artifact, { env, log })).rejects.toMatchObject({ code: 'ENGINE_CHECKSUM' });
  expect(readdirSync(engineCacheDir(env))).toEqual([]);
});

test('a failing and a missing Maven are told apart', async () => {
  standInMaven(CONTENT, 1);
  await expect(provideArtifact(artifact, { env, log })).rejects.toMatchObject({
    code: 'ENGINE_DOWNLOAD_FAILED',
  });
  const without = { ...env, PATH: join(dir, 'empty') };
  await expect(provideArtifact(artifact, { env: without, log })).rejects.toMatchObject({
    code: 'ENGINE_MAVEN_MISSING',
  });
});

test('several at once end with the same file', async () => {
  standInMaven(CONTENT);
  const paths = await Promise.all([1, 2, 3].map(() => provideArtifact(artifact, { env, log })));
  expect(new Set(paths).size).toBe(1);
  expect(readdirSync(engineCacheDir(env))).toEqual(['thing-1']);
});
