// Errors of the engines that fxtape starts: QuestDB and Redis.
import { terminal } from './entry.ts';

export const enginesErrors = {
  CREDENTIALS_NONE: terminal(
    '`credentials rotate`: fxtape has not started an engine for this data folder',
    'Point FXTAPE_DATA_DIR at the right folder; for engines that you run yourself, change the passwords there',
  ),
  CREDENTIALS_INVALID: terminal(
    '`credentials.json` in the data folder does not contain what fxtape wrote there',
    'Remove the file while nothing runs: the next start makes new passwords, and no row is lost',
  ),
  ENGINES_FILE: terminal(
    '`engines.json` in the data folder does not contain what fxtape wrote there',
    'Remove the file: fxtape then looks again for the data of this folder',
  ),
  ENGINE_CHANGED: terminal(
    'the QuestDB that this data folder used is not available: Docker does not answer, the variable that named it is gone, or nothing answers at its default address',
    'Bring it back as the message says. To start with an empty database on purpose, set `FXTAPE_ENGINES=local` or `docker` once',
  ),
  ENGINE_JAVA_MISSING: terminal(
    '`up` has to start QuestDB itself and finds no Java 17 or newer',
    'Install a JDK 17 or newer with Maven (for example "apt-get install openjdk-17-jdk-headless maven" or "brew install openjdk maven"), or install Docker and start it',
  ),
  ENGINE_MAVEN_MISSING: terminal(
    'an engine is not in the cache yet and `mvn` is not installed',
    'Install Maven with a JDK 17 or newer (for example "apt-get install openjdk-17-jdk-headless maven" or "brew install maven"), or install Docker and start it',
  ),
  ENGINE_DOWNLOAD_FAILED: terminal(
    'Maven could not download an engine',
    'Check the network, and the proxy or mirror in the Maven settings, then start again',
  ),
  ENGINE_CHECKSUM: terminal(
    'a downloaded engine is not the pinned file',
    'Remove it from the local Maven repository and start again; if that does not help, do not trust the source of the file',
  ),
  ENGINE_PLATFORM: terminal(
    'there is no Redis binary for this platform',
    'Use Docker (on Windows: Docker Desktop or WSL2), or set REDIS_URL to a Redis 7 that runs elsewhere',
  ),
  ENGINE_DOCKER_MISSING: terminal(
    '`FXTAPE_ENGINES=docker`, and no Docker engine answers',
    'Start Docker, or unset FXTAPE_ENGINES and install a JDK 17 or newer with Maven',
  ),
  ENGINE_DOCKER_FAILED: terminal(
    'a container could not be pulled, started or stopped',
    'Read `docker logs` of the container named, or use `FXTAPE_ENGINES=local`',
  ),
  ENGINE_MODE_UNKNOWN: terminal(
    '`FXTAPE_ENGINES` is not `auto`, `docker` or `local`',
    'Set it to auto, docker or local, or unset it',
  ),
  ENGINE_SETTINGS: terminal(
    'a settings file in `infra/`, or `QDB_CLIENT_CONF`, cannot be parsed',
    'Restore the file from the repository, or correct the variable',
  ),
  ENGINE_DATA_IN_USE: terminal(
    'another fxtape runs an engine on the same data folder',
    'Stop it first, or choose another folder with FXTAPE_DATA_DIR',
  ),
  ENGINE_OWNER_FILE: terminal(
    "`fxtape-engine.json` in an engine's data folder is damaged",
    'Make sure that no engine runs on this folder, then remove the file',
  ),
  ENGINE_START_FAILED: terminal(
    'an engine exited or did not become ready; the message has its last lines',
    'Read the log file that the message names; usual causes are a port in use, a full disk, too little memory',
  ),
};
