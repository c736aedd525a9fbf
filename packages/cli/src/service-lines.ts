// The lines of the services in the one log of `fxtape up`. In: a line as the service printed it. Out: on a terminal a readable line; else
// the JSON line as it is. What is not JSON (an error before the log begins) gets the service's name.
import { readable, visible } from '@fxtape/ops';

export function serviceLine(o: {
  terminal: boolean;
  json: boolean;
}): (service: string, line: string) => string {
  const format = o.terminal && !o.json ? readable() : (line: string) => line;
  return (service, line) => {
    if (line.startsWith('{')) return format(line).trimEnd();
    return o.json ? JSON.stringify({ level: 'info', service, msg: line }) : visible(`${service}: ${line}`);
  };
}
