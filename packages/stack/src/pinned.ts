// The versions of the engines and the checksums of their files, in one place. Out: the artifact of QuestDB, the artifact of Redis for
// this machine, and the images that are used where there is Docker. Changing a version means changing every line of its entry.
import type { Artifact } from './artifact.ts';
import { FxtapeError } from '@fxtape/ops';

export const QUESTDB_VERSION = '9.3.4';
export const QUESTDB_IMAGE = `questdb/questdb:${QUESTDB_VERSION}`;
export const REDIS_IMAGE = 'redis:7';

export const questDbArtifact: Artifact = {
  folder: 'questdb-9.3.4',
  title: 'QuestDB 9.3.4',
  coordinates: 'org.questdb:questdb:9.3.4',
  jar: {
    file: 'questdb-9.3.4.jar',
    sha256: '939bc53ab22f93dbaa6545143a6e7c536d4904c07b7f2d381e8eef10436be062',
    megabytes: 30,
  },
};

const redisSha256: Readonly<Record<string, string>> = {
  'linux-amd64': 'c0cdeef856b3410fd99d6ec6fc6a20302e69059b00ce5d6abab7b3e5069ea91e',
  'linux-arm64': 'd5c7ff117caf45d7dc2f59c1f956e1830438779947d66aa5647c2cdcc16eca50',
  'darwin-amd64': 'e22a3d9147802bba0724efb2e446c49e1e514e76ff8031bb6d44b8628400d8f3',
  'darwin-arm64': '07838a2eb6f5961c89d8e6f1f83482de355dfc6bb04e05bfb00ae1f137dee129',
};

/**
 * The redis-server binary for a platform and architecture as Node names them.
 * @throws ENGINE_PLATFORM where the jar holds none, Windows above all.
 */
export function redisArtifact(platform: string, arch: string): Artifact {
  const target = `${platform}-${arch === 'x64' ? 'amd64' : arch}`;
  const sha256 = redisSha256[target];
  if (sha256 === undefined) {
    throw new FxtapeError({
      code: 'ENGINE_PLATFORM',
      message: `there is no Redis binary for ${platform} on ${arch}`,
      context: { platform, arch },
    });
  }
  return {
    folder: `redis-7.0.15-${target}`,
    title: 'Redis 7.0.15',
    coordinates: 'org.signal:embedded-redis:0.9.1',
    jar: {
      file: 'embedded-redis-0.9.1.jar',
      sha256: 'c01fe66ecf3b9d3161958e9a0e721aaf74ce98a909faca103fc8d09ff7617827',
      megabytes: 11,
    },
    entry: { name: `redis-server-7.0.15-${target}`, file: 'redis-server', sha256 },
  };
}
