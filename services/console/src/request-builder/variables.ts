// The names of the variables that commands read secrets from. In: a field that is a secret. Out: its variable.
import type { Field } from './endpoint.ts';

export const secretVariable = ({ name }: Pick<Field, 'name'>): string =>
  name === 'password' ? 'BROKER_PASSWORD' : name.toUpperCase().replaceAll(/\W/g, '_');
