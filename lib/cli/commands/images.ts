import { BASE_DIGESTS_FILE, digestOf, readBaseDigests, writeBaseDigests, type BaseDigests } from '../../base-digests';
import { EXIT } from '../../contract';
import { BASE_NAMES, BASES } from '../../base-images';
import { tryProgram, type TryProgram } from '../../program';
import { withActivity } from '../activity';
import type { Context } from '../context';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { drawTable } from '../table';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const IMAGES_FAILED = 'the base images could not be read';

/** Layers are downloaded, some hundred megabytes for the largest. */
const PULL_TIMEOUT_MS = 15 * 60_000;
const INSPECT_TIMEOUT_MS = 15_000;

export interface ImagesOptions {
  readonly update?: boolean;
}

const REFERENCES: readonly string[] = BASE_NAMES.map((name) => BASES[name].reference);

/** `metals images`: the base images and whether they are pinned by digest; `--update` pins what their tags are today. */
export async function images(
  context: Context,
  { update }: ImagesOptions,
  run: TryProgram = tryProgram,
): Promise<number> {
  const { terminal } = context;
  const before = readBaseDigests();
  const { digests, problems } = update ? await resolveAll(context, before, run) : { digests: before, problems: [] };
  const changed = REFERENCES.filter((reference) => digests[reference] !== before[reference]);
  if (changed.length) writeBaseDigests(digests);
  if (terminal.json) {
    const list = REFERENCES.map((reference) => ({ reference, digest: digests[reference] ?? null }));
    terminal.value({ images: list, changed, problems });
  } else {
    terminal.data(drawTable(imageRows(digests), terminal.colors));
    for (const line of imageNotes(digests, changed, Boolean(update)))
      terminal.note(completeCommands(line, context.given));
  }
  if (problems.length === 0) return EXIT.ok;
  if (terminal.json) return EXIT.failure;
  throw new CliError('not every digest could be read', problems.join('\n'), [
    'docker login, or behind a proxy: configure it for the Docker daemon',
    './bin/metals images --update    # goes on with the others',
  ]);
}

/**
 * By `docker pull`: every Docker has it, it uses the daemon's logins, mirrors and proxy, and the image is needed for the
 * next build anyway. `docker manifest inspect` does not tell the digest of a list of platforms, and `docker buildx` is not
 * part of Debian's Docker 20.10.
 */
async function resolveAll(
  { terminal, interrupted }: Context,
  before: BaseDigests,
  run: TryProgram,
): Promise<{ digests: BaseDigests; problems: readonly string[] }> {
  const digests: Record<string, string> = {};
  const problems: string[] = [];
  await withActivity(terminal, 'reading digests', async (activity) => {
    for (const reference of REFERENCES) {
      activity.says(`docker pull ${reference}`);
      const pulled = await run('docker', ['pull', '--quiet', reference], PULL_TIMEOUT_MS, interrupted);
      const format = ['--format', '{{json .RepoDigests}}'];
      const inspected = pulled.succeeded
        ? await run('docker', ['image', 'inspect', ...format, reference], INSPECT_TIMEOUT_MS, interrupted)
        : pulled;
      const found = inspected.succeeded ? digestOf(reference, JSON.parse(inspected.stdout) as string[]) : undefined;
      const digest = found ?? before[reference];
      if (digest !== undefined) digests[reference] = digest;
      if (found === undefined)
        problems.push(`${reference}: ${inspected.problem || `no digest among ${inspected.stdout.trim()}`}`);
    }
  });
  return { digests, problems };
}

/** Pure. */
export const imageRows = (digests: BaseDigests): string[][] => [
  ['image', 'digest'],
  ...REFERENCES.map((reference) => [reference, digests[reference] ?? 'not pinned']),
];

/** Pure: what was done, what it means, and the next command. */
export function imageNotes(digests: BaseDigests, changed: readonly string[], update: boolean): string[] {
  if (changed.length) {
    return [
      `${BASE_DIGESTS_FILE} is written (${changed.join(', ')}): commit it, so that every clone builds on the same`,
      'the next deployment builds the components on these and updates their services, one task at a time',
    ];
  }
  const open = REFERENCES.filter((reference) => digests[reference] === undefined);
  if (update) return open.length ? [] : ['all digests are those of today; nothing to do'];
  return open.length ? [`${open.length} not pinned: their tags may move; next: ./bin/metals images --update`] : [];
}

export const verb: Verb<ImagesOptions> = { failure: IMAGES_FAILED, run: images, graceMs: GRACE_MS };
