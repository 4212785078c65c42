import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** V8 keeps up to three spaces for young objects: https://nodejs.org/api/cli.html#--max-semi-space-sizesize-in-mib */
const YOUNG_SPACES = 3;
/** Default of a 64-bit system. */
const SEMI_SPACE_MB = 16;

interface Stack {
  readonly services: Readonly<Record<string, { deploy: { resources: { limits: { memory: string } } } }>>;
}

const { services } = parse(readFileSync('assets/stack/stack.yml', 'utf8')) as Stack;

/** The most that the heap may have, and the memory limit of the container, in MB. */
function memoryOf(service: string): { heap: number; limit: number } {
  const dockerfile = readFileSync(`services/${service}/Dockerfile`, 'utf8');
  const flag = (name: string): number | undefined => {
    const found = new RegExp(`--${name}=(\\d+)`).exec(dockerfile)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const old = flag('max-old-space-size');
  const limit = /^(\d+)M$/.exec(services[service].deploy.resources.limits.memory)?.[1];
  if (old === undefined || limit === undefined) throw new Error(`${service} has no limit for its heap or its memory`);
  return { heap: old + YOUNG_SPACES * (flag('max-semi-space-size') ?? SEMI_SPACE_MB), limit: Number(limit) };
}

test.each([
  // Sockets, bodies and what Node.js is itself.
  ['producer', 48],
  // Records that wait have their bytes outside of the heap, and Node.js is itself there too.
  ['processor', 96],
])('the heap of the %s leaves %i MB of its memory limit for what is outside of it', (service, outsideMb) => {
  const { heap, limit } = memoryOf(service);
  expect(limit).toBeLessThanOrEqual(256);
  expect(heap + outsideMb).toBeLessThanOrEqual(limit);
});
