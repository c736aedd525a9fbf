// The account routes below `/v1`, as data. rest/management.ts calls the reading ones; `@fxtape/fxsocket-trading` calls the others.

import { z } from 'zod';
import { wireAccountLink, wireAccountRow, wireAccountUpdate } from '../wire/management.ts';
import { managementRoute } from './route.ts';

export const managementRoutes = {
  accounts: managementRoute({
    path: '/accounts',
    summary: 'The accounts that the key reaches',
    answer: z.array(wireAccountRow),
  }),
  account: managementRoute({
    path: '/accounts/{id}',
    summary: 'One account',
    answer: wireAccountRow,
    errors: [404],
  }),
  linkAccount: managementRoute({
    method: 'POST',
    path: '/accounts',
    summary: 'Links an account; its terminal connects within minutes',
    body: wireAccountLink,
    status: 201,
    answer: wireAccountRow,
    errors: [402, 409],
  }),
  updateAccount: managementRoute({
    method: 'PATCH',
    path: '/accounts/{id}',
    summary: 'Changes the symbol of the trade EA; the terminal restarts',
    body: wireAccountUpdate,
    answer: wireAccountRow,
    errors: [404],
  }),
  unlinkAccount: managementRoute({
    method: 'DELETE',
    path: '/accounts/{id}',
    summary: 'Unlinks an account and stops its terminal',
    status: 204,
    answer: null,
    errors: [404],
  }),
};
