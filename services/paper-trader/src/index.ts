// The public surface: the trader of one account, without the process around it.
export { MAGIC, PaperTrader, type PaperTraderOptions } from './paper-trader.ts';
