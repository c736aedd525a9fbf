// The whole of docker-compose.yml as one recording under test. In: a Docker engine. Out: its containers, on free ports of loopback and
// in a compose project of their own, with ways to hurt them; ledger and tables as with every recording.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort, GatewayControl, machineEnv, Recorded, until, WORKSPACE } from '@fxtape/testkit';

export const CONTAINERS = [
  'questdb',
  'redis',
  'simulator',
  'collector',
  'scheduler',
  'backfill',
  'console',
] as const;
export type ContainerName = (typeof CONTAINERS)[number];

/** What `docker inspect` tells, as far as it is asked. */
export interface Inspected {
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Running: boolean;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string; readonly Log: readonly { readonly Output: string }[] };
  };
  readonly Config: { readonly User: string; readonly Image: string };
  readonly HostConfig: { readonly ReadonlyRootfs: boolean; readonly Memory: number };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string }[] | null>>;
  };
}

/** All logs of a lane that took a quarter of an hour. */
const MOST_LOG_BYTES = 512 * 1024 * 1024;
const run = promisify(execFile);
const BUILD_MS = 600_000;
const CONTROL_KEY = 'of-the-test-alone';

export class ComposeStack extends Recorded {
  readonly gateway: GatewayControl;
  /** `http://127.0.0.1:port` of the console. */
  readonly console: string;
  readonly pgPort: number;
  /** `docker-compose version …`. */
  readonly version: string;
  readonly #sql: string;
  #password = '';
  /** Of the console and the health ports. */
  token = '';
  readonly #compose: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  private constructor(
    compose: { command: readonly string[]; version: string },
    ports: { http: number; pg: number; console: number; control: number },
  ) {
    super();
    this.gateway = new GatewayControl(`http://127.0.0.1:${ports.control}`, CONTROL_KEY);
    this.console = `http://127.0.0.1:${ports.console}`;
    this.pgPort = ports.pg;
    this.version = compose.version;
    this.#sql = `http://127.0.0.1:${ports.http}`;
    const files = ['-f', 'docker-compose.yml', '-f', 'test/containers/docker-compose.test.yml'];
    this.#compose = [...compose.command, '-p', `fxtapetest${process.pid}`, ...files];
    this.#env = {
      ...machineEnv(),
      QUESTDB_HTTP_PORT: String(ports.http),
      QUESTDB_PG_PORT: String(ports.pg),
      FXTAPE_HTTP_PORT: String(ports.console),
      FXTAPE_TEST_CONTROL_PORT: String(ports.control),
      FXTAPE_TEST_CONTROL_KEY: CONTROL_KEY,
      // A folder without fxtape.yaml, and no key from an .env file: the demonstration.
      FXTAPE_CONFIG_DIR: './infra/docker',
      FXSOCKET_API_KEY: '',
      LOG_LEVEL: 'debug',
    };
  }

  /** @throws Error when no Docker engine answers or there is no compose command. Nothing is skipped for want of them. */
  static async find(): Promise<ComposeStack> {
    const engine = await answer(['docker', 'version', '--format', '{{.Server.Version}}']);
    if (engine === null) {
      throw new Error(
        'the tests of the containers need a Docker engine, and none answers. Start Docker first.',
      );
    }
    for (const command of [['docker', 'compose'], ['docker-compose']]) {
      const version = await answer([...command, 'version', '--short']);
      if (version === null) continue;
      const [http, pg, console, control] = [
        await freePort(),
        await freePort(),
        await freePort(),
        await freePort(),
      ];
      const found = { command, version: `${command.join(' ')} ${version}, engine ${engine}` };
      return new ComposeStack(found, { http, pg, console, control });
    }
    throw new Error('neither `docker compose` nor `docker-compose` is installed');
  }

  /** `http://127.0.0.1:port` of QuestDB. */
  get questdb(): string {
    return this.#sql;
  }

  protected override get sqlUrl(): string {
    return this.#sql;
  }

  protected override get sqlHeaders(): Record<string, string> {
    return { authorization: `Basic ${Buffer.from(`admin:${this.#password}`).toString('base64')}` };
  }

  /** Builds the images, starts everything and waits until all of it is healthy. */
  async up(): Promise<void> {
    await this.compose('up', '-d', '--build');
    await this.healthy();
    this.#password = await this.secret('questdb-admin');
    this.token = await this.secret('api-token');
  }

  /** A file that the service `secrets` made. */
  async secret(name: string): Promise<string> {
    return this.docker('exec', await this.id('collector'), 'cat', `/secrets/${name}`);
  }

  /** Runs `docker-compose …` in the project. Resolves with what it printed. */
  compose(...args: string[]): Promise<string> {
    return this.composeWith({}, ...args);
  }

  /** The same with more variables. */
  async composeWith(variables: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
    const [command = '', ...rest] = [...this.#compose, ...args];
    const env = { ...this.#env, ...variables };
    return (await run(command, rest, { cwd: WORKSPACE, env, timeout: BUILD_MS, maxBuffer: MOST_LOG_BYTES }))
      .stdout;
  }

  async docker(...args: string[]): Promise<string> {
    return (await run('docker', args, { env: this.#env, timeout: 60_000 })).stdout.trim();
  }

  async id(name: ContainerName): Promise<string> {
    return (await this.compose('ps', '-a', '-q', name)).trim();
  }

  async inspect(name: ContainerName): Promise<Inspected> {
    const [inspected] = JSON.parse(await this.docker('inspect', await this.id(name))) as [Inspected];
    return inspected;
  }

  /** Waits until every container is healthy; of the console that says that every stream is recorded. */
  async healthy(deadlineMs = 120_000): Promise<void> {
    for (const name of CONTAINERS) {
      const ask = async () => (await this.inspect(name)).State.Health?.Status === 'healthy';
      await until(ask, { what: `${name} to be healthy`, deadlineMs, everyMs: 500 }).catch(
        async (error: unknown) => {
          const said = await this.compose('logs', '--no-color', '--tail', '5', name);
          throw new Error(`${String(error)}\n${said}`, { cause: error });
        },
      );
    }
  }

  /** Every stream is live, asked of the console now and not of its last health check. */
  async live(deadlineMs = 60_000): Promise<void> {
    let seen = '';
    const ask = async () => {
      const headers = { authorization: `Bearer ${this.token}` };
      const response = await fetch(`${this.console}/readyz`, { headers });
      seen = await response.text();
      return response.status === 200;
    };
    await until(ask, { what: 'every stream live', deadlineMs, everyMs: 50, retryErrors: true }).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${seen}`, { cause: error });
      },
    );
  }

  /** Waits until the container runs again, started after `before`. */
  async restarted(name: ContainerName, before: Inspected, deadlineMs = 60_000): Promise<void> {
    await until(
      async () => {
        const { State } = await this.inspect(name);
        return State.Running && State.StartedAt !== before.State.StartedAt;
      },
      { what: `${name} to run again`, deadlineMs, everyMs: 100 },
    );
  }

  /** Ends everything and removes it with its data. The images stay. */
  async close(): Promise<void> {
    await this.compose('down', '-v', '--remove-orphans', '-t', '10');
  }
}

/** What a command prints, or null when it cannot be run or fails. */
async function answer([command = '', ...args]: readonly string[]): Promise<string | null> {
  try {
    return (await run(command, args, { env: machineEnv(), timeout: 10_000 })).stdout.trim();
  } catch {
    // Not installed, no engine, no permission: all of these are "not there" to the caller, who says so.
    return null;
  }
}
