// Which parts of the environment leave this process. In: all of it, including account keys and passwords. Out: for a server, what describes
// the machine; for a tool (Docker, Maven, ps), also what controls that tool and its network access. Nothing else: a variable that is not
// named here reaches neither a server nor its logs.
import type { Env } from '@fxtape/ops';

const MACHINE = 'PATH|HOME|USER|LOGNAME|TMPDIR|TEMP|TMP|LANG|LC_[A-Z]+|TZ|JAVA_HOME|SYSTEMROOT';
const TOOLS =
  'MAVEN_[A-Z_]+|M2_HOME|DOCKER_[A-Z_]+|SSH_AUTH_SOCK|XDG_[A-Z_]+|SSL_CERT_[A-Z]+|(?:https?|ftp|no|all)_proxy';

const OF_SERVERS = new RegExp(`^(?:${MACHINE})$`, 'i');
const OF_TOOLS = new RegExp(`^(?:${MACHINE}|${TOOLS})$`, 'i');

export const serverVariables = (env: Env): Env => only(env, OF_SERVERS);

export const toolVariables = (env: Env): Env => only(env, OF_TOOLS);

function only(env: Env, names: RegExp): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.test(name)));
}
