import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { RULES } from '../../config-rules';
import { EXIT, TOPIC } from '../../contract';
import { askManager, waiting } from '../ask-manager';
import type { Context } from '../context';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { assertDeployed, connect } from '../systems-manager';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

export const SCALE_FAILED = 'the services were not scaled as they should be';
const NOT_SCALED = 'nothing was scaled';
const STATUS = './bin/metals status';
/** For the replicas to become healthy; a processor waits for its partitions. */
const DEFAULT_SECONDS = 300;

/** The setting that makes a number permanent. */
const SETTINGS = { producer: 'producerReplicas', processor: 'processorReplicas' } as const;
type Scalable = keyof typeof SETTINGS;
const NAMES = Object.keys(SETTINGS) as Scalable[];

/** Why others have no number of replicas to choose. */
const OTHERS: Readonly<Record<string, { readonly why: string; readonly next: string }>> = {
  kafka: {
    why: 'Kafka has one broker or three, each with a volume of its own',
    next: './bin/metals deploy --dry-run --context kafkaBrokers=3    # shows what would change',
  },
  mongodb: {
    why: 'MongoDB is one task, on the volume of its slot; docs/growing.md says what grows past it',
    next: STATUS,
  },
  edge: {
    why: 'the edge runs once on every node',
    next: './bin/metals deploy --dry-run --context workers=3    # shows what would change',
  },
};

const schema = z.object({
  scaled: z.boolean(),
  services: z.array(
    z.object({
      name: z.string(),
      from: z.number().int(),
      to: z.number().int(),
      /** As the deployment says. */
      deployed: z.number().int(),
    }),
  ),
});
type Scaled = z.infer<typeof schema>;

export interface ScaleOptions {
  /** `producer=5`. */
  readonly numbers: readonly string[];
  readonly dryRun?: boolean;
}

/** `metals scale`: room first, then the numbers, until the replicas are healthy. */
export async function scale(context: Context, { numbers, dryRun = false }: ScaleOptions): Promise<number> {
  const { terminal, stage } = context;
  const replicas = replicasParameter(numbers);
  const onlyLooks = dryRun || replicas === undefined;
  const connection = await connect(context);
  await assertDeployed(context, connection, 'service-scale', NOT_SCALED);
  const { timeoutSeconds, TimeoutSeconds } = waiting(context, DEFAULT_SECONDS);
  const began = Date.now();
  const answer = await askManager(context, connection, {
    document: 'service-scale',
    title: onlyLooks ? 'asking a manager' : 'scaling on a manager',
    parameters: { Replicas: replicas ?? 'none', DryRun: String(onlyLooks), TimeoutSeconds },
    timeoutSeconds,
    answer: schema,
    failure: onlyLooks ? NOT_SCALED : SCALE_FAILED,
    next: STATUS,
  });
  if (terminal.json) terminal.value({ stage, ...answer, notes: notesOf(answer) });
  else report(context, answer, { asked: replicas !== undefined, dryRun, seconds: (Date.now() - began) / 1000 });
  return EXIT.ok;
}

/** Pure: what was typed, as the document takes it; undefined where nothing was. @throws CliError (usage) */
export function replicasParameter(numbers: readonly string[]): string | undefined {
  const usage = (why: string, next = './bin/metals scale    # shows what runs'): CliError =>
    new CliError(NOT_SCALED, why, [next], 'usage');
  const wanted = new Map<Scalable, string>();
  for (const pair of numbers) {
    const [name = '', count] = pair.split('=', 2);
    if (count === undefined || pair.split('=').length > 2) throw usage(`got "${pair}", expected SERVICE=NUMBER`);
    if (!isScalable(name)) {
      const other = OTHERS[name.replace(/-\d$/, '')];
      if (other !== undefined) throw usage(`${name} cannot be scaled: ${other.why}`, other.next);
      throw usage(`"${name}" is no service that can be scaled; did you mean "${closest(name, NAMES)}"?`);
    }
    if (wanted.has(name)) throw usage(`${name} is given twice`);
    const rule = RULES[SETTINGS[name]];
    if (!/^[1-9]\d?$/.test(count) || !rule.schema.safeParse(count).success)
      throw usage(`${name}: got "${count}", expected ${rule.allowed}`);
    wanted.set(name, count);
  }
  return wanted.size === 0 ? undefined : [...wanted].map((pair) => pair.join('=')).join(',');
}

const isScalable = (name: string): name is Scalable => NAMES.some((known) => known === name);

/** Pure: what a number means that nobody sees at once. */
export function notesOf({ services, scaled }: Scaled): string[] {
  return services.flatMap(({ name, from, to, deployed }) => [
    ...(name === 'processor' ? unevenShare(to) : []),
    // Of what was only tried nothing is kept.
    ...(to === deployed || !isScalable(name) || (!scaled && from !== to)
      ? []
      : [
          `deployments keep ${name}=${to} until the configuration says another number than ${deployed}; to make it permanent: ./bin/metals deploy --context ${SETTINGS[name]}=${to}, or ${SETTINGS[name]} in cdk.json`,
        ]),
  ]);
}

/** Each partition has one reader: the rest of a division is what some read more than others. */
function unevenShare(processors: number): string[] {
  const { partitions } = TOPIC;
  const rest = partitions % processors;
  if (rest === 0) return [];
  const fewer = Math.floor(partitions / processors);
  const even = Array.from({ length: partitions }, (_, index) => index + 1).filter((n) => partitions % n === 0);
  return [
    `${partitions} partitions are not shared evenly by ${processors} processors: ${rest} of them read ${fewer + 1} each, ${processors - rest} read ${fewer}; ${even.join(', ')} share them evenly`,
  ];
}

function report(
  { terminal, given }: Context,
  answer: Scaled,
  { asked, dryRun, seconds }: { readonly asked: boolean; readonly dryRun: boolean; readonly seconds: number },
): void {
  const rows = answer.services.map(({ name, from, to, deployed }) => [
    name,
    from === to ? String(to) : `${from} → ${to}`,
    String(deployed),
  ]);
  terminal.data(drawTable([['service', 'replicas', 'deployed as'], ...rows], terminal.colors));
  for (const note of notesOf(answer))
    terminal.note(terminal.noteColors.yellow(completeCommands(`note: ${note}`, given)));
  if (dryRun) terminal.note('there is room; nothing was changed');
  else if (answer.scaled) terminal.note(`all replicas are healthy, ${Math.round(seconds)} s after the command`);
  else if (asked) terminal.note('it is so already: nothing was changed');
}

export const verb: Verb<ScaleOptions> = { failure: SCALE_FAILED, run: scale };
