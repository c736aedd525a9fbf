// A test server in a container. In: image, settings, ports. Out: a container on fixed loopback ports that can be killed and started again with its data
// and ports. Testcontainers is loaded only on demand.
import { freePort } from '@fxtape/stack';
import { until } from './until.ts';

export interface ContainerSpec {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Ports inside. */
  readonly ports: readonly number[];
  /** Called with the outer port of an inner one until it returns true. */
  readonly ready: (port: (inside: number) => number) => Promise<boolean>;
}

export interface RunningContainer {
  port(inside: number): number;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Stops it and removes it with its data. */
  remove(): Promise<void>;
}

/** Whether a Docker engine answers. Takes milliseconds when there is none. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    const { getContainerRuntimeClient } = await import('testcontainers');
    await getContainerRuntimeClient();
    return true;
  } catch {
    // Any error means that there is no engine to use.
    return false;
  }
}

/** @throws Error of Testcontainers when it cannot get the image or start the container */
export async function runContainer(spec: ContainerSpec): Promise<RunningContainer> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  const ports = new Map<number, number>();
  for (const inside of spec.ports) ports.set(inside, await freePort());
  const port = (inside: number) => {
    const outside = ports.get(inside);
    if (outside === undefined) throw new Error(`port ${inside} is not published`);
    return outside;
  };
  const started = await new GenericContainer(spec.image)
    .withEnvironment({ ...spec.environment })
    .withCommand([...spec.command])
    .withExposedPorts(...[...ports].map(([container, host]) => ({ container, host })))
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(120_000)
    .start();
  const client = await getContainerRuntimeClient();
  const container = client.container.getById(started.getId());
  const untilReady = () =>
    until(() => spec.ready(port), { what: `${spec.image} to be ready`, deadlineMs: 60_000, everyMs: 50 });
  await untilReady();
  return {
    port,
    start: async () => {
      await container.start();
      await untilReady();
    },
    stop: async () => void (await container.stop({ t: 10 })),
    kill: async () => void (await container.kill({ signal: 'SIGKILL' })),
    freeze: async () => void (await container.pause()),
    thaw: async () => void (await container.unpause()),
    remove: async () => void (await started.stop({ remove: true, removeVolumes: true })),
  };
}
