// One engine in a Docker container, driven by the `docker` command. In: image, settings, passwords, a named volume and the loopback ports
// wanted. Out: a running container and the ports it really got. The container's name follows from the data folder, so that the next start
// finds and replaces one that was left behind; the data are in the volume and stay.
// Passwords are copied in before the start: `docker inspect` would show variables to every user of the engine, and the user that runs the
// server in the image could not read a mounted file of mode 0600.
// A guard stops the container when this process dies, however that happens.
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Env, FxtapeError } from '@fxtape/ops';
import { freePort, portIsFree } from './free-port.ts';
import { startGuard } from './guard.ts';
import type { StackLog } from './log.ts';
import { runCommand } from './run-command.ts';

export interface DockerSpec {
  /** For messages. */
  readonly title: string;
  /** Short name: `questdb`, `redis`. */
  readonly name: string;
  readonly image: string;
  /** Variables of the container. */
  readonly settings: Readonly<Record<string, string>>;
  /** Files of `SECRETS_PATH` inside the container, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Arguments after the image. */
  readonly args: readonly string[];
  /** Where the image keeps its data. */
  readonly volumePath: string;
  /** Ports inside the container. */
  readonly inside: readonly number[];
  /** The wanted ports outside, in the same order. */
  readonly ports: readonly number[];
  /** Polled until true. `port` maps a port inside to the one outside. */
  readonly ready: (port: (inside: number) => number) => Promise<boolean>;
  /** The data folder of this fxtape: it names container and volume. */
  readonly dataDir: string;
  readonly env: Env;
  readonly log: StackLog;
}

/** Where a container finds its passwords. */
export const SECRETS_PATH = '/etc/fxtape';

const PULL_MS = 600_000;
const READY_MS = 60_000;
const REMOVED_MS = 10_000;
const STOP_S = 5;
/** $0 is the id of the container: its name may be that of a successor by then. */
const GUARD = `docker stop -t ${STOP_S} "$0"; docker rm -f "$0"`;

/** The name of the container, and of its volume. */
function containerName(name: string, dataDir: string): string {
  return `fxtape-${name}-${createHash('sha256').update(dataDir).digest('hex').slice(0, 8)}`;
}

/** Whether an engine of this data folder has kept data in Docker. */
export async function dockerHasVolume(name: string, o: { dataDir: string; env: Env }): Promise<boolean> {
  const volume = ['volume', 'inspect', containerName(name, o.dataDir)];
  return (await runCommand('docker', volume, { env: o.env })).code === 0;
}

export class DockerEngine {
  readonly #spec: DockerSpec;
  readonly #container: string;
  readonly #ports = new Map<number, number>();
  #guard: ChildProcess | null = null;

  constructor(spec: DockerSpec) {
    this.#spec = spec;
    this.#container = containerName(spec.name, spec.dataDir);
  }

  /** The port on loopback that leads to `inside`; known once it was started. */
  port(inside: number): number {
    const port = this.#ports.get(inside);
    if (port === undefined) throw new Error(`${this.#spec.title} was not started yet`);
    return port;
  }

  /**
   * Starts a new container on the volume, after removing one that was left behind, and waits until it is ready.
   * @throws ENGINE_DOCKER_FAILED
   */
  async start(): Promise<void> {
    const { image, log, title } = this.#spec;
    const present = await this.#docker(['image', 'inspect', '--format', '{{.Id}}', image]);
    if (present.code !== 0) {
      log.info(`Pulling the image ${image} (only the first time)`);
      await this.#must(['pull', '-q', image], PULL_MS);
    }
    await this.#remove();
    for (const [i, inside] of this.#spec.inside.entries()) {
      const wanted = this.#spec.ports[i] ?? inside;
      this.#ports.set(inside, (await portIsFree(wanted)) ? wanted : await freePort());
    }
    const create = ['create', '--name', this.#container, ...this.#options(), image, ...this.#spec.args];
    const id = (await this.#must(create)).trim();
    this.#guard = startGuard(GUARD, id, this.#spec.env);
    await this.#copySecrets();
    await this.#must(['start', this.#container]);
    const untilMs = performance.now() + READY_MS;
    while (!(await this.#spec.ready((inside) => this.port(inside)))) {
      const running = await this.#docker(['inspect', '--format', '{{.State.Running}}', this.#container]);
      const ended = running.stdout.trim() !== 'true';
      if (ended || performance.now() > untilMs) {
        const { stdout, stderr } = await this.#docker(['logs', '--tail', '5', this.#container]);
        await this.#remove();
        const said = (stdout + stderr).trim().split('\n').join(' | ');
        throw this.#failed(
          `${title} ${ended ? 'exited' : 'is not ready after 60 s'}; its last output: ${said}`,
        );
      }
      await delay(200);
    }
  }

  /** Stops and removes the container. The volume stays. */
  async stop(): Promise<void> {
    await this.#must(['stop', '-t', String(STOP_S), this.#container]);
    await this.#remove();
  }

  /** On their way they lie in a folder that only its owner can enter; inside, the server's user has to read them. */
  async #copySecrets(): Promise<void> {
    const closed = mkdtempSync(join(tmpdir(), 'fxtape-'));
    const folder = join(closed, 'secrets');
    try {
      mkdirSync(folder);
      for (const [name, text] of Object.entries(this.#spec.secrets)) {
        writeFileSync(join(folder, name), text);
        chmodSync(join(folder, name), 0o444);
      }
      chmodSync(folder, 0o755);
      await this.#must(['cp', `${folder}/.`, `${this.#container}:${SECRETS_PATH}`]);
    } finally {
      rmSync(closed, { recursive: true });
    }
  }

  #options(): string[] {
    const { dataDir, settings, volumePath } = this.#spec;
    return [
      '--label',
      `fxtape.data=${dataDir}`,
      '--label',
      `fxtape.owner=${process.pid}`,
      '--restart',
      'on-failure',
      '-v',
      `${this.#container}:${volumePath}`,
      ...[...this.#ports].flatMap(([inside, outside]) => ['-p', `127.0.0.1:${outside}:${inside}`]),
      ...Object.entries(settings).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
    ];
  }

  /** Ends with no container of this name, whoever else removes it at the same time: a guard, or Docker itself. */
  async #remove(): Promise<void> {
    const untilMs = performance.now() + REMOVED_MS;
    for (;;) {
      const there = await this.#docker(['container', 'inspect', '--format', '{{.Id}}', this.#container]);
      if (there.code !== 0) break;
      await this.#docker(['stop', '-t', String(STOP_S), this.#container]);
      const { code, stderr } = await this.#docker(['rm', '-f', this.#container]);
      if (code !== 0 && performance.now() > untilMs) throw this.#failed(`docker rm failed: ${stderr.trim()}`);
      if (code !== 0) await delay(200);
    }
    this.#guard?.kill('SIGKILL');
  }

  #docker(args: string[], deadlineMs = 60_000) {
    return runCommand('docker', args, { env: this.#spec.env, deadlineMs });
  }

  async #must(args: string[], deadlineMs?: number): Promise<string> {
    const { code, stderr, stdout } = await this.#docker(args, deadlineMs);
    if (code !== 0) throw this.#failed(`docker ${args[0]} failed: ${stderr.trim().split('\n').at(-1)}`);
    return stdout;
  }

  #failed(message: string) {
    const hint = `Look at "docker logs ${this.#container}" and "docker info", or start with local engines: FXTAPE_ENGINES=local`;
    return new FxtapeError({
      code: 'ENGINE_DOCKER_FAILED',
      message,
      hint,
      context: { container: this.#container },
    });
  }
}
