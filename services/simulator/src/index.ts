// The public surface of the simulated gateway: `startSimulator`, and the types of its scenario, faults and ledger.
export type { FaultInput, FaultReport } from './faults/registry.ts';
export type { RequestReport, RouteUse } from './gateway/request-counts.ts';
export type { LedgerLine } from './ledger.ts';
export {
  DEMO_ACCOUNT_ID,
  DEMO_SCENARIO,
  parseScenario,
  type Scenario,
  type ScenarioInput,
  scenarioSchema,
} from './scenario.ts';
export {
  type LateDealInput,
  type RevisionInput,
  Simulator,
  type SimulatorOptions,
} from './simulator.ts';
export { startSimulator } from './start-simulator.ts';
export type { AccountState, WholeState } from './state.ts';
export type { TruthBar, TruthRow } from './truth.ts';
