/** The docker command line, as far as the lab uses it. */
import { LabError, type Progress } from './lab-error';
import { lastLines, run, tryRun, type RunOptions } from './process';

export const docker = (args: readonly string[], options: RunOptions = {}): Promise<string> =>
  run('docker', args, options);

export interface ImageFacts {
  readonly id: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Facts about those of the images that exist, by the name asked for. */
export async function inspectImages(
  names: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ImageFacts>> {
  // Exit code 1 here means that some image is absent, which is an answer; stdout holds the others.
  const { stdout } = await tryRun('docker', ['image', 'inspect', ...names], { signal });
  const found = parseImages(stdout);
  const byName = new Map<string, ImageFacts>();
  for (const name of names) {
    const image = found.find(({ tags }) => tags.includes(name));
    if (image) byName.set(name, image);
  }
  return byName;
}

export function parseImages(json: string): ImageFacts[] {
  const images = JSON.parse(json.trim() || '[]') as readonly {
    Id: string;
    RepoTags?: string[] | null;
    Config?: { Labels?: Record<string, string> | null } | null;
  }[];
  return images.map(({ Id, RepoTags, Config }) => ({ id: Id, tags: RepoTags ?? [], labels: Config?.Labels ?? {} }));
}

/** Architecture of the daemon's machine, which may be another than this program's: `amd64`, `arm64`. */
export const serverArchitecture = async (signal?: AbortSignal): Promise<string> =>
  (await docker(['version', '--format', '{{.Server.Arch}}'], { signal })).trim();

export interface Build {
  readonly image: string;
  readonly directory: string;
  readonly buildArguments: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Pure: the arguments of one build. `--force-rm`: an interrupted build leaves no container behind. */
export const buildArguments = (build: Build): string[] => [
  'build',
  '--force-rm',
  ...Object.entries(build.buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
  ...Object.entries(build.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
  '--tag',
  build.image,
  build.directory,
];

/** Builds an image; a failure shows the end of the build's log, where the error is. */
export async function build(plan: Build, { signal }: Progress): Promise<void> {
  const environment = await buildEnvironment(signal);
  const log: string[] = [];
  const { exitCode } = await tryRun('docker', buildArguments(plan), {
    signal,
    env: environment,
    onLine: (line) => log.push(line),
  });
  if (exitCode === 0) return;
  throw new LabError(`cannot build ${plan.image}:\n${lastLines(stripColours(log).join('\n'))}`, [
    'npm run lab    # once that is repaired: goes on where it stopped',
  ]);
}

// eslint-disable-next-line no-control-regex -- the escape character is what is looked for
const stripColours = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/\u001b\[\d*m|\r/g, ''));

let buildKit: boolean | undefined;

/** Without the buildx plugin the client must be told to use the daemon's own builder. */
export async function buildEnvironment(signal?: AbortSignal): Promise<NodeJS.ProcessEnv> {
  buildKit ??= (await tryRun('docker', ['buildx', 'version'], { signal })).exitCode === 0;
  return buildKit ? process.env : { ...process.env, DOCKER_BUILDKIT: '0' };
}
