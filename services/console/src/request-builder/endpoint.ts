// What can be asked of an account, as the page shows it: REST routes and topics of the socket, each with its fields. Data only; made by
// endpoints.ts, filled in by fill-in.ts, spelled as commands by the files beside it.

export type FieldKind = 'text' | 'integer' | 'number' | 'boolean' | 'json';

export interface Field {
  readonly name: string;
  readonly place: 'path' | 'query' | 'body';
  readonly kind: FieldKind;
  readonly required: boolean;
  /** Null: anything of its kind. */
  readonly options: readonly string[] | null;
  /** What the gateway takes when it is left out; null: not told. */
  readonly defaultText: string | null;
  /** Text for people; null: not told. */
  readonly description: string | null;
  /** A time on the wall clock of the broker's server. */
  readonly brokerTime: boolean;
  /** Never asked for: commands read it from a variable. */
  readonly secret: boolean;
  /** A required text may be empty. */
  readonly mayBeEmpty: boolean;
  readonly least: number | null;
  /** Has to be more than this. */
  readonly above: number | null;
  readonly most: number | null;
  /** The client of this project does not know it. */
  readonly extra: boolean;
}

export interface Endpoint {
  /** `GET /getQuote`, `topic prices`. */
  readonly id: string;
  readonly group:
    | 'Market data'
    | 'Account'
    | 'Trading'
    | 'Health'
    | 'Stream'
    | 'Accounts of the key'
    | 'Other';
  /** Below which address of the account. */
  readonly base: 'terminal' | 'management' | 'socket';
  readonly method: string;
  /** With `{name}` for parts that vary; of a topic its name. */
  readonly path: string;
  readonly summary: string;
  /** Our name of the route or topic; null: not one that the client knows. */
  readonly operation: string | null;
  /** `nothing`: no key; `read`: any key; `change`: a full key, and something is changed by it. */
  readonly needs: 'nothing' | 'read' | 'change';
  /** False: the account's own document does not list it. */
  readonly listed: boolean;
  /** The console may send it. */
  readonly runnable: boolean;
  readonly fields: readonly Field[];
}

/** Where an account is, as far as it may be shown: never its key. */
export interface Target {
  readonly account: string;
  readonly platform: string;
  readonly restUrl: string;
  readonly wsUrl: string;
  /** With `/v1`. */
  readonly managementUrl: string;
  /** The variable that commands read the key from. */
  readonly keyVariable: string;
  readonly tlsVerify: boolean;
  readonly allowHttp: boolean;
}
