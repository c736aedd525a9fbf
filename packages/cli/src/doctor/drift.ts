// Whether an account's live OpenAPI document still matches what this client relies on. In: the document, null if it could not be read. Out:
// a check that names the differences. A warning, never a failure: the checks of the routes show what really fails. Differences of routes that
// the recorder does not use are listed without a warning.
import {
  compareOpenApi,
  type Comparison,
  type Drift,
  openApiDocument,
  type OpenApiDocument,
  readingRoutes,
  tradingRoutes,
} from '@fxtape/fxsocket';
import { count } from '../print/quantity.ts';
import { type Check, ok, warning } from './check.ts';

const ours = openApiDocument({
  title: 'FxSocket terminal',
  version: 'as this client knows it',
  routes: { ...readingRoutes, ...tradingRoutes },
});
const {
  healthz: _healthz,
  livez: _livez,
  orderCalcMargin: _margin,
  orderCalcProfit: _profit,
  ...recorded
} = readingRoutes;
const RECORDED: ReadonlySet<string> = new Set(
  Object.values(recorded).map(({ method, path }) => `${method} ${path}`),
);
const SHOWN = 5;

export function driftCheck(name: string, live: OpenApiDocument | null): Check {
  if (live === null) {
    const todo = 'Nothing to do if every other check passes: recording does not need it';
    return warning(name, ['its OpenAPI document could not be read, so it was not compared'], todo);
  }
  const found = compareOpenApi(live, ours);
  const matters = found.drifts.filter(
    ({ route, severity }) => severity === 'breaking' && RECORDED.has(route),
  );
  const beside = found.drifts.filter((drift) => !matters.includes(drift));
  const facts = [reach(found), ...spell(matters), ...spell(beside)];
  if (matters.length === 0) return ok(name, ...facts);
  const todo = 'Update fxtape; if there is no newer release, report it with these lines';
  return warning(name, facts, todo);
}

function reach({ compared, routes }: Comparison): string {
  const types = compared === 0 ? 'and states no types' : `and ${count(compared, 'type')} were compared`;
  return `its document lists ${count(routes, 'route')} that this client knows, ${types}`;
}

function spell(drifts: readonly Drift[]): string[] {
  const lines = drifts
    .slice(0, SHOWN)
    .map(({ name, route, text }) => `${route}${name === null ? '' : `: ${name}`} ${text}`);
  const more = drifts.length - lines.length;
  return more === 0 ? lines : [...lines, `and ${more} more like these`];
}
