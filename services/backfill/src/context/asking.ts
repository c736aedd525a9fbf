// Who may ask the gateway of an account. In: a question. Out: its answer, within the account's budget.
import type { AccountContext } from './account-context.ts';
import type { Purpose } from './numbers.ts';

export interface Asking {
  readonly account: AccountContext;
  /**
   * Asks the gateway once within the account's budget, and counts the request. `of`: what makes requests of a route comparable.
   * `optional`: a bridge may be without the route.
   * @throws ACCOUNT_AWAY, and what `work` throws.
   */
  readonly ask: <T>(
    question: {
      readonly route: string;
      readonly of?: string;
      readonly purpose: Purpose;
      readonly optional?: boolean;
    },
    work: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T>;
}
