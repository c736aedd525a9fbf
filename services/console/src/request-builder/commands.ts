// A filled-in request in three languages. In: the account and the request. Out: the commands, which hold no secret.
import type { Target } from './endpoint.ts';
import type { Filled } from './fill-in.ts';
import { pythonSnippet } from './python-snippet.ts';
import { shellCommand } from './shell-command.ts';
import { typescriptSnippet } from './typescript-snippet.ts';
import { secretVariable } from './variables.ts';

export interface Commands {
  readonly shell: string;
  readonly typescript: string;
  readonly python: string;
  /** What has to be in the environment. */
  readonly variables: readonly string[];
}

export function commandsFor(target: Target, filled: Filled): Commands {
  const secrets = filled.values.filter(({ field }) => field.secret).map(({ field }) => secretVariable(field));
  return {
    shell: shellCommand(target, filled),
    typescript: typescriptSnippet(target, filled),
    python: pythonSnippet(target, filled),
    variables: [...(filled.endpoint.needs === 'nothing' ? [] : [target.keyVariable]), ...secrets],
  };
}
