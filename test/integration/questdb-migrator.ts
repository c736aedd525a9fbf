// Runs the migrations once, as a service does at its start. Argument: the configuration string of the database. Prints what it applied.

import { createLog } from '@fxtape/ops';
import { migrate, QuestDbHttp } from '@fxtape/questdb';

const client = new QuestDbHttp({ conf: process.argv[2] ?? '' });
process.stdout.write('started\n');
const { applied } = await migrate({ client, log: createLog({ service: 'migrator', level: 'silent' }) });
process.stdout.write(`${JSON.stringify(applied)}\n`);
client.close();
