/** `npm run bench -- [suite…] [--scale S]`: prints tables, keeps them in build/bench; docs/performance.md explains them. */
import { parseArgs } from 'node:util';
import { Suite } from './support/suite';
import { contendersSuite } from './suites/contenders';
import { costSuite } from './suites/cost';
import { drainSuite } from './suites/drain';
import { idleSuite } from './suites/idle';
import { liveSuite } from './suites/live';
import { outageSuite } from './suites/outage';

const SUITES: Readonly<Record<string, (suite: Suite) => Promise<void>>> = {
  drain: drainSuite,
  contenders: contendersSuite,
  cost: costSuite,
  live: liveSuite,
  idle: idleSuite,
  outage: outageSuite,
};
const USAGE = `usage: npm run bench -- [${Object.keys(SUITES).join('|')}…] [--scale 0.01…1]`;
const EXIT_USAGE = 2;

function readArguments(): { names: string[]; scale: number } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { scale: { type: 'string', default: '1' }, help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  }
  const unknown = positionals.filter((name) => !Object.hasOwn(SUITES, name));
  const scale = Number(values.scale);
  if (unknown.length > 0)
    throw new Error(`unknown suite: ${unknown.join(', ')}; known: ${Object.keys(SUITES).join(', ')}`);
  if (!(scale >= 0.01 && scale <= 1)) throw new Error(`--scale is ${values.scale}, expected 0.01 to 1`);
  return { names: positionals.length > 0 ? positionals : Object.keys(SUITES), scale };
}

async function main(): Promise<void> {
  let request: ReturnType<typeof readArguments>;
  try {
    request = readArguments();
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}\n`);
    process.exit(EXIT_USAGE);
  }
  for (const name of request.names) {
    const suite = new Suite(name, request.scale);
    await SUITES[name](suite);
    suite.note(`kept in ${suite.save()}`);
  }
}

main().catch((error) => {
  process.stderr.write(`bench: ${(error as Error).stack}\n`);
  process.exit(1);
});
