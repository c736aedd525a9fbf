// Finds or starts one engine. In: its kind, the environment and the data folder. Out: its address, how it was come by, and its stop. The order:
//
//   given by the environment ─► used, whether it answers or not: the tape records without it
//   this data folder used one ─► the same again, or an error: another database would be empty, or somebody else's
//   neither                   ─► Docker where it answers, else the pinned local binaries, on free ports
//
// A server at the default address that is neither given nor known to the folder belongs to somebody else, and fxtape writes nothing to it.
// Redis is handled less strictly: its content is planned again, so another one does no harm.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Env, FxtapeError } from '@fxtape/ops';
import { provideCredentials } from './credentials.ts';
import type { EngineKind, Place } from './engine-kinds.ts';
import { type EngineMemory, hasRecorded, rememberEngine, rememberedEngine } from './engine-memory.ts';
import { portIsFree } from './free-port.ts';
import { KeptEngine } from './kept-engine.ts';
import type { StackLog } from './log.ts';
import { dockerHasVolume } from './docker-engine.ts';

/** `auto`: what the data folder used before, else Docker where it answers, else local. The others use only that kind where nothing is given. */
export type EngineMode = 'auto' | 'docker' | 'local';
export type EngineOrigin = EngineMemory['how'];

export interface Started<Address> {
  readonly address: Address;
  readonly how: EngineOrigin;
  readonly stop: () => Promise<void>;
}

interface Options {
  readonly env: Env;
  readonly dataDir: string;
  readonly log: StackLog;
  readonly mode: EngineMode;
  /** Whether a Docker engine answers and may be used. */
  readonly docker: () => Promise<boolean>;
}

/** @throws ENGINE_CHANGED and the other ENGINE_ codes */
export async function ensureEngine<Address>(
  kind: EngineKind<Address>,
  o: Options,
): Promise<Started<Address>> {
  const given = kind.given(o.env);
  if (given !== null) {
    const { address, where } = given;
    const found = `${kind.title} at ${where}`;
    if (await given.answers()) o.log.info(`Using the given ${found}`);
    else o.log.warn(`The given ${found} does not answer yet; recording starts without it`);
    rememberEngine(o.dataDir, kind.name, { how: 'given', where });
    return { address, how: 'given', stop: nothingToStop };
  }
  const before = rememberedEngine(o.dataDir, kind.name) ?? (await presumedEngine(kind, o));
  if (o.mode !== 'auto') {
    const same = before?.how === o.mode ? before : null;
    if (before !== null && same === null)
      o.log.warn(
        `This data folder used ${spelled(kind, before)} before; FXTAPE_ENGINES=${o.mode} starts a new one`,
      );
    return o.mode === 'docker' ? inDocker(kind, o, same) : locally(kind, o, same);
  }
  if (before === null) {
    if (!(await portIsFree(kind.ports[0] ?? 0)))
      o.log.info(
        `The server at ${kind.standard.where} does not belong to this data folder; starting another ${kind.title}. To use the one there, set ${kind.variable}`,
      );
    return (await o.docker()) ? inDockerOrLocally(kind, o) : locally(kind, o, null);
  }
  switch (before.how) {
    case 'local':
      return locally(kind, o, before);
    case 'docker':
      if (await o.docker()) return inDocker(kind, o, before);
      break;
    case 'found':
      if (!(await kind.standard.isOurs())) break;
      o.log.info(`Using the ${kind.title} at ${kind.standard.where}, as before`);
      rememberEngine(o.dataDir, kind.name, before);
      return { address: kind.standard.address, how: 'found', stop: nothingToStop };
    case 'given':
      break;
  }
  if (kind.name === 'questdb') throw changed(kind, before);
  o.log.warn(`${lost(kind, before)}; starting another. Jobs are planned again`);
  return (await o.docker()) ? inDockerOrLocally(kind, o) : locally(kind, o, null);
}

/** Where an older release, which remembered nothing, has kept this engine; null for a new folder. */
async function presumedEngine<Address>(kind: EngineKind<Address>, o: Options): Promise<EngineMemory | null> {
  if (!hasRecorded(o.dataDir)) return null;
  if (existsSync(join(o.dataDir, kind.name))) return { how: 'local', where: 'this data folder' };
  if ((await o.docker()) && (await dockerHasVolume(kind.name, o))) return { how: 'docker', where: 'Docker' };
  return { how: 'found', where: kind.standard.where };
}

async function inDockerOrLocally<Address>(kind: EngineKind<Address>, o: Options): Promise<Started<Address>> {
  try {
    return await inDocker(kind, o, null);
  } catch (error) {
    o.log.warn(`${error instanceof Error ? error.message : String(error)}. Trying the local binaries`);
    return locally(kind, o, null);
  }
}

async function inDocker<Address>(
  kind: EngineKind<Address>,
  o: Options,
  before: EngineMemory | null,
): Promise<Started<Address>> {
  await o.docker();
  const { address, engine, ports } = kind.docker(placeOf(kind, o, before));
  await engine.start();
  return started(kind, o, { how: 'docker', where: 'Docker', ports: ports() }, address(), () => engine.stop());
}

async function locally<Address>(
  kind: EngineKind<Address>,
  o: Options,
  before: EngineMemory | null,
): Promise<Started<Address>> {
  const { address, engine, ports } = kind.local(placeOf(kind, o, before));
  const kept = new KeptEngine(engine, { title: kind.title, log: o.log });
  o.log.info(`Starting ${kind.title}`);
  await kept.start();
  const memory = { how: 'local', where: 'this data folder', ports: ports() } as const;
  return started(kind, o, memory, address(), () => kept.stop());
}

function started<Address>(
  kind: EngineKind<Address>,
  o: Options,
  memory: EngineMemory,
  address: Address,
  stop: () => Promise<void>,
): Started<Address> {
  rememberEngine(o.dataDir, kind.name, memory);
  o.log.info(`${kind.title} runs ${memory.how === 'docker' ? 'in Docker ' : ''}on port ${memory.ports?.[0]}`);
  return { address, how: memory.how, stop };
}

function placeOf<Address>(kind: EngineKind<Address>, o: Options, before: EngineMemory | null): Place {
  const { dataDir, env, log } = o;
  return {
    dataDir,
    env,
    log,
    credentials: provideCredentials(dataDir),
    ports: before?.ports ?? kind.ports,
  };
}

function spelled<Address>({ title }: EngineKind<Address>, { how, where }: EngineMemory): string {
  if (how === 'docker') return `a ${title} in Docker`;
  return how === 'local' ? `a ${title} in this data folder` : `the ${title} at ${where}`;
}

function lost<Address>(kind: EngineKind<Address>, before: EngineMemory): string {
  const used = `this data folder uses ${spelled(kind, before)}`;
  if (before.how === 'docker') return `${used}, and no Docker engine answers`;
  return before.how === 'given'
    ? `${used}, but ${kind.variable} is no longer set`
    : `${used}, but its data is not there`;
}

function changed<Address>(kind: EngineKind<Address>, before: EngineMemory) {
  const back =
    before.how === 'docker'
      ? 'Start Docker'
      : before.how === 'given'
        ? `Set ${kind.variable} again`
        : `Start it, or set ${kind.variable} to where it is now`;
  return new FxtapeError({
    code: 'ENGINE_CHANGED',
    message: lost(kind, before),
    hint: `${back}. To start with an empty database on purpose, set FXTAPE_ENGINES=local or FXTAPE_ENGINES=docker once`,
    context: { engine: kind.name, how: before.how, where: before.where },
  });
}

async function nothingToStop(): Promise<void> {
  // It was here before, so it stays.
}
