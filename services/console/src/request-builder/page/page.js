// The request builder in the browser: a form from what the console says can be asked, commands as the console spells them, answers as text.
// It decides nothing: what is wrong with a value, and what may be run, the console says. Text goes into the page as text, never as markup.
// Checked by the types of tsconfig.json beside it; served as it stands.

/**
 * @import { ListedAccount, Surface } from '../accounts.ts'
 * @import { Commands } from '../commands.ts'
 * @import { Endpoint } from '../endpoint.ts'
 * @import { Problem } from '../fill-in.ts'
 * @import { GatewayText } from '../ask-gateway.ts'
 */

import { element, fieldRow } from './field-row.js';

const BASE = '/request/';
const LANGUAGES = /** @type {const} */ (['shell', 'typescript', 'python']);
const PAUSE_MS = 120;
/** What the console says of a required field that is empty. */
const MISSING = 'is required';

/** @type {(id: string) => HTMLElement} */
const at = (id) => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
};
const accountSelect = /** @type {HTMLSelectElement} */ (at('account'));
const endpointSelect = /** @type {HTMLSelectElement} */ (at('endpoint'));
const copyButton = /** @type {HTMLButtonElement} */ (at('copy'));
const runButton = /** @type {HTMLButtonElement} */ (at('run'));

/** @type {{ accounts: readonly ListedAccount[], surface: Surface | null, commands: Commands | null, language: typeof LANGUAGES[number], touched: Set<string>, turn: number, running: boolean }} */
const state = {
  accounts: [],
  surface: null,
  commands: null,
  language: 'shell',
  touched: new Set(),
  turn: 0,
  running: false,
};
/** What was typed, by the field's name: it stays when another request has the same field. @type {Map<string, string>} */
const typed = new Map();

/** An answer of the console that says why not. */
class Refused extends Error {}

/**
 * @param {string} path
 * @param {object} [body]
 */
async function ask(path, body) {
  const answer = await fetch(
    BASE + path,
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  const said = await answer.json();
  if (!answer.ok) throw new Refused(`${said.code}: ${said.message}. ${said.hint}`);
  return said;
}

/** @param {unknown} error */
function fail(error) {
  const failure = at('failure');
  failure.textContent =
    error instanceof Refused ? error.message : `The console does not answer: ${String(error)}`;
  failure.hidden = false;
}

/** @returns {Endpoint | undefined} */
const chosen = () => state.surface?.endpoints.find(({ id }) => id === endpointSelect.value);

async function loadAccounts() {
  const { accounts, note } = await ask('accounts');
  state.accounts = accounts;
  accountSelect.replaceChildren(
    ...state.accounts.map(({ name }) => element('option', { value: name }, name)),
  );
  if (note !== null) {
    at('failure').textContent = `${note}. Commands are built for an example account.`;
    at('failure').hidden = false;
  }
  const wanted = fromAddress().get('account');
  if (state.accounts.some(({ name }) => name === wanted))
    accountSelect.value = /** @type {string} */ (wanted);
}

async function loadEndpoints() {
  const wanted = endpointSelect.value || fromAddress().get('request') || 'GET /getQuote';
  const surface = /** @type {Surface} */ (
    await ask(`endpoints?account=${encodeURIComponent(accountSelect.value)}`)
  );
  state.surface = surface;
  const source = at('source');
  const live = surface.source === 'live';
  source.textContent = live
    ? `From the account's OpenAPI document: ${surface.note}`
    : `This is the client's own document, because the account's could not be read (${surface.note}).`;
  source.className = live ? 'note' : 'note warn';
  source.hidden = false;
  const groups = new Map();
  for (const endpoint of surface.endpoints) {
    const group = groups.get(endpoint.group) ?? element('optgroup', { label: endpoint.group });
    groups.set(endpoint.group, group);
    const { listed, method, path, id } = endpoint;
    const name =
      endpoint.base === 'socket' ? `stream ${path}` : `${method === 'GET' ? '' : `${method} `}${path}`;
    group.append(element('option', { value: id }, listed ? name : `${name} (not listed)`));
  }
  endpointSelect.replaceChildren(...groups.values());
  if (surface.endpoints.some(({ id }) => id === wanted)) endpointSelect.value = wanted;
  showFields();
}

/** The form of the chosen request. */
function showFields() {
  const endpoint = chosen();
  if (endpoint === undefined) return;
  state.touched.clear();
  at('tab-shell').textContent = endpoint.base === 'socket' ? 'Shell' : 'curl';
  at('summary').replaceChildren(...summaryOf(endpoint));
  at('fields').replaceChildren(
    ...endpoint.fields.map((field) =>
      fieldRow(field, typed.get(field.name) ?? fromAddress().get(`p.${field.name}`) ?? ''),
    ),
  );
  for (const { name, secret } of endpoint.fields)
    if (!secret)
      typed.set(name, /** @type {HTMLInputElement | HTMLSelectElement} */ (at(`field-${name}`)).value);
  at('status').textContent = '';
  at('answer').hidden = true;
  void update();
}

/** @param {Endpoint} endpoint */
function summaryOf(endpoint) {
  const { base, fields, listed, method, needs, path, summary } = endpoint;
  const prefix = base === 'management' ? '/v1' : '';
  const parts = [
    element('code', {}, base === 'socket' ? `subscribe ${path}` : `${method} ${prefix}${path}`),
    ` ${summary}. `,
  ];
  if (needs === 'change')
    parts.push(element('span', { class: 'badge change' }, 'changes data; needs a full key'));
  if (needs === 'nothing') parts.push(element('span', { class: 'badge' }, 'needs no key'));
  if (!listed)
    parts.push(' ', element('span', { class: 'badge unlisted' }, "not in this account's document"));
  if (fields.length === 0) parts.push(' It has no parameters.');
  return parts;
}

function values() {
  /** @type {Record<string, string>} */
  const given = {};
  for (const { name, secret } of chosen()?.fields ?? []) if (!secret) given[name] = typed.get(name) ?? '';
  return given;
}

const form = () => ({ account: accountSelect.value, endpoint: endpointSelect.value, values: values() });

/** Asks for the commands of what stands in the form. The answer to an older form is thrown away. */
async function update() {
  const turn = ++state.turn;
  rememberInAddress();
  try {
    const { commands, problems } = await ask('commands', form());
    if (turn !== state.turn) return;
    state.commands = commands;
    showProblems(problems);
    showCommand();
  } catch (error) {
    if (turn !== state.turn) return;
    state.commands = null;
    showCommand();
    fail(error);
  }
}

/** That a field is missing is said beside it once it was left. @param {readonly Problem[]} problems */
function showProblems(problems) {
  for (const { name } of chosen()?.fields ?? []) {
    const text = problems.find(({ field }) => field === name)?.text ?? '';
    const shown = text !== '' && (text !== MISSING || state.touched.has(name));
    at(`field-${name}-problem`).textContent = shown ? `${name} ${text}` : '';
    at(`field-${name}`).setAttribute('aria-invalid', String(shown));
  }
  const missing = problems.map(({ field, text }) => `${field} ${text}`).join('; ');
  at('command').dataset['missing'] = missing;
}

function showCommand() {
  const command = at('command');
  const text = state.commands?.[state.language];
  const missing = command.dataset['missing'] ?? '';
  command.textContent =
    text ?? (missing === '' ? '' : `The command appears here once the form is complete: ${missing}.`);
  command.classList.toggle('empty', text === undefined);
  copyButton.disabled = text === undefined;
  copyButton.textContent = 'Copy';
  const variables = (state.commands?.variables ?? []).map((name) => `$${name}`);
  const reads = variables.length === 0 ? '' : `It reads ${variables.join(' and ')} from your environment.`;
  const node = state.language === 'shell' && chosen()?.base === 'socket' && text !== undefined;
  at('variables').textContent = node ? `${reads} It needs Node 22 or newer; Ctrl-C stops it.` : reads;
  for (const language of LANGUAGES) {
    const tab = at(`tab-${language}`);
    const selected = language === state.language;
    tab.setAttribute('aria-selected', String(selected));
    tab.tabIndex = selected ? 0 : -1;
    if (selected) command.setAttribute('aria-labelledby', tab.id);
  }
  showRun();
}

function showRun() {
  const endpoint = chosen();
  const hasKey = state.accounts.find(({ name }) => name === accountSelect.value)?.hasKey === true;
  const can = endpoint?.runnable === true && hasKey;
  runButton.disabled = !can || state.commands === null || state.running;
  at('run-note').textContent = runNote(endpoint, hasKey);
}

/**
 * @param {Endpoint | undefined} endpoint
 * @param {boolean} hasKey
 */
function runNote(endpoint, hasKey) {
  if (endpoint === undefined) return '';
  if (endpoint.base === 'socket')
    return 'An account has one socket: while this account is being recorded, the command would take the socket from the recorder';
  if (endpoint.method !== 'GET') return 'The console only reads: use the command.';
  if (!endpoint.listed) return "This account's document does not list this request: use the command.";
  return hasKey
    ? 'The console sends it with its own key.'
    : 'The console has no key for this account: use the command.';
}

async function run() {
  state.running = true;
  showRun();
  const status = at('status');
  const answer = at('answer');
  status.className = 'status';
  status.textContent = 'Waiting for the answer…';
  answer.hidden = true;
  const asked = form();
  try {
    const got = /** @type {GatewayText} */ (await ask('run', asked));
    if (asked.endpoint !== endpointSelect.value || asked.account !== accountSelect.value) return;
    const well = got.status >= 200 && got.status < 300;
    status.className = `status ${well ? 'good' : 'bad'}`;
    status.textContent = `HTTP ${got.status}, ${got.tookMs} ms, ${got.contentType || 'no content type'}${got.cut ? '; only the beginning is shown' : ''}`;
    answer.textContent = got.text === '' ? '(empty)' : got.text;
    answer.hidden = false;
  } catch (error) {
    status.className = 'status bad';
    status.textContent =
      error instanceof Refused ? error.message : `The console does not answer: ${String(error)}`;
  } finally {
    state.running = false;
    showRun();
  }
}

/** The symbols of the account, to choose from; without them a symbol is typed. */
async function loadSymbols() {
  const account = accountSelect.value;
  document.getElementById('symbols')?.remove();
  const symbols = state.surface?.endpoints.find(({ operation }) => operation === 'symbols');
  const hasKey = state.accounts.find(({ name }) => name === account)?.hasKey === true;
  if (symbols?.runnable !== true || !hasKey || state.surface?.source !== 'live') return;
  /** @type {unknown} */
  let listed = null;
  try {
    const got = /** @type {GatewayText} */ (await ask('run', { account, endpoint: symbols.id, values: {} }));
    if (got.status === 200 && !got.cut) listed = JSON.parse(got.text);
  } catch (error) {
    console.info('the symbols of this account are not offered:', error);
  }
  if (!Array.isArray(listed) || account !== accountSelect.value) return;
  const options = listed.filter((one) => typeof one === 'string').slice(0, 5000);
  document.body.append(
    element('datalist', { id: 'symbols' }, ...options.map((one) => element('option', { value: one }))),
  );
}

/** What was chosen stands behind the `#` of the address, which a browser sends to nobody: it can be shared and comes back on reload. */
const fromAddress = () => new URLSearchParams(location.hash.slice(1));
function rememberInAddress() {
  const parts = new URLSearchParams({ account: accountSelect.value, request: endpointSelect.value });
  for (const [name, value] of Object.entries(values())) if (value !== '') parts.set(`p.${name}`, value);
  history.replaceState(null, '', `#${parts}`);
}

async function chooseAccount() {
  at('failure').hidden = true;
  try {
    await loadEndpoints();
    await loadSymbols();
  } catch (error) {
    fail(error);
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;
at('fields').addEventListener('input', ({ target }) => {
  const box = /** @type {HTMLInputElement | HTMLSelectElement} */ (target);
  typed.set(box.name, box.value);
  if (box.value !== '') state.touched.add(box.name);
  clearTimeout(waiting);
  waiting = setTimeout(() => void update(), PAUSE_MS);
});
at('fields').addEventListener('focusout', ({ target }) => {
  const { name } = /** @type {HTMLInputElement | HTMLSelectElement} */ (target);
  if (name === '' || state.touched.has(name)) return;
  state.touched.add(name);
  void update();
});
at('form').addEventListener('submit', (event) => event.preventDefault());
accountSelect.addEventListener('change', () => void chooseAccount());
endpointSelect.addEventListener('change', showFields);
runButton.addEventListener('click', () => void run());
copyButton.addEventListener('click', () => {
  const text = at('command').textContent ?? '';
  navigator.clipboard.writeText(text).then(
    () => {
      copyButton.textContent = 'Copied';
    },
    () => {
      // No right to the clipboard (a console without TLS on another machine): selected, so that Ctrl-C takes it.
      getSelection()?.selectAllChildren(at('command'));
      copyButton.textContent = 'Selected: Ctrl-C';
    },
  );
});
for (const [i, language] of LANGUAGES.entries()) {
  const tab = at(`tab-${language}`);
  tab.addEventListener('click', () => {
    state.language = language;
    showCommand();
  });
  tab.addEventListener('keydown', ({ key }) => {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    state.language = /** @type {typeof language} */ (
      LANGUAGES[(i + step + LANGUAGES.length) % LANGUAGES.length]
    );
    showCommand();
    at(`tab-${state.language}`).focus();
  });
}

try {
  await loadAccounts();
  await chooseAccount();
} catch (error) {
  fail(error);
}
