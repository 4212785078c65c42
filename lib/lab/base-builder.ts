/**
 * Makes the base images: the real one, pulled and re-tagged, or its stand-in. An image that is there and was
 * made from the same content is left alone, so that a second run asks the daemon once and is done.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BASE_NAMES, BASES, baseImage, type BaseName } from '../base-images';
import { hostCertificates } from './certificates';
import { contentHash, directoryHash } from './content-hash';
import { build, docker, inspectImages, serverArchitecture, type ImageFacts } from './docker';
import { LabError, timed, type Progress } from './lab-error';
import { ASSETS, BUILD_DIRECTORY } from './paths';
import { lastLines, ProgramError, run, tryRun } from './process';
import { requireStandInTools } from './stand-in-tools';
import {
  CONTENT_LABEL,
  DEBIAN_SUITE,
  STAGE_LABEL,
  STAND_IN_LABEL,
  STAND_IN_NODE_VERSION,
  STAND_INS,
} from './stand-ins';

const BOOTSTRAP_SCRIPT = path.join(ASSETS, 'bases', 'debian', 'bootstrap.sh');
const ROOTFS_IMAGE = `metals-lab/rootfs-debian:${DEBIAN_SUITE}`;
/** How long the registry may take to answer before this machine counts as one that cannot pull. */
const REGISTRY_ANSWER_TIMEOUT_SECONDS = 15;

/** Those that run on Java, made from one common image. */
const JAVA_BASES = ['kafka', 'kafka3', 'zookeeper'] as const;
type JavaBase = (typeof JAVA_BASES)[number];

type Contents = Readonly<Record<BaseName, string>>;

/** Pure: which bases have to be made, given what is there. */
export function basesToMake(contents: Contents, present: ReadonlyMap<string, ImageFacts>): BaseName[] {
  return BASE_NAMES.filter((name) => {
    const image = present.get(baseImage(name));
    if (!image) return true;
    // Debian is built here either way, with this machine's certificate authorities; other real images are as pulled.
    const builtHere = name === 'debian' || STAND_IN_LABEL in image.labels;
    return builtHere && image.labels[CONTENT_LABEL] !== contents[name];
  });
}

/** Makes whichever base is missing or outdated. Returns the stand-ins in use: base -> what it is. */
export async function ensureBases(progress: Progress): Promise<Partial<Record<BaseName, string>>> {
  const architecture = await serverArchitecture(progress.signal);
  const certificates = hostCertificates();
  const contents = baseContents(architecture, certificates);
  const missing = basesToMake(contents, await inspectImages(BASE_NAMES.map(baseImage), progress.signal));
  if (missing.length === 0) progress.report('base images: all there, made from the same content');
  else await makeBases({ missing, architecture, certificates, contents }, progress);
  return standInsInUse(progress.signal);
}

export async function standInsInUse(signal?: AbortSignal): Promise<Partial<Record<BaseName, string>>> {
  const present = await inspectImages(BASE_NAMES.map(baseImage), signal);
  const standIns: Partial<Record<BaseName, string>> = {};
  for (const name of BASE_NAMES) {
    const what = present.get(baseImage(name))?.labels[STAND_IN_LABEL];
    if (what) standIns[name] = what;
  }
  return standIns;
}

interface Plan {
  readonly missing: readonly BaseName[];
  readonly architecture: string;
  readonly certificates: Readonly<Record<string, string>>;
  readonly contents: Contents;
}

async function makeBases(plan: Plan, progress: Progress): Promise<void> {
  const refusal = await pullDebian(progress);
  if (refusal === undefined) {
    progress.report('base images: the registry answers, so the real images are pulled');
    if (plan.missing.includes('debian')) await buildDebian(plan, BASES.debian.reference, undefined, progress);
    for (const name of plan.missing) if (name !== 'debian') await pullBase(name, progress);
    return;
  }
  progress.report(`base images: cannot be pulled (${refusal}); building stand-ins from package archives instead`);
  await requireStandInTools(progress.signal);
  await makeStandIns(plan, progress);
}

/** Pulls the smallest real image, which also answers whether this machine can pull at all: undefined, or why not. */
async function pullDebian({ signal, report }: Progress): Promise<string | undefined> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), REGISTRY_ANSWER_TIMEOUT_SECONDS * 1000);
  report(`base images: asking the registry for ${BASES.debian.reference} …`);
  try {
    await docker(['pull', BASES.debian.reference], {
      signal: AbortSignal.any([signal, patience.signal]),
      // The registry has answered: the download itself may take its time.
      onLine: (line) => {
        if (line.includes('Pulling from')) clearTimeout(timer);
      },
    });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (patience.signal.aborted) return `no answer within ${REGISTRY_ANSWER_TIMEOUT_SECONDS} s`;
    if (error instanceof ProgramError) return lastLines(error.output.stderr.trim(), 1);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function pullBase(name: BaseName, progress: Progress): Promise<void> {
  const { reference } = BASES[name];
  try {
    await timed(progress, `pull ${reference}`, () => docker(['pull', reference], { signal: progress.signal }));
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new LabError(`cannot pull ${reference}: ${lastLines(error.output.stderr.trim(), 1)}`, [
      `docker pull ${reference}    # shows the same error; 'npm run lab' goes on where it stopped`,
    ]);
  }
  await docker(['tag', reference, baseImage(name)], { signal: progress.signal });
}

async function makeStandIns(plan: Plan, progress: Progress): Promise<void> {
  const root = rootContent(plan.architecture);
  const rootfs = (await inspectImages([ROOTFS_IMAGE], progress.signal)).get(ROOTFS_IMAGE);
  if (plan.missing.includes('debian')) {
    if (rootfs?.labels[CONTENT_LABEL] !== root) await bootstrap(plan.architecture, root, progress);
    await buildDebian(plan, ROOTFS_IMAGE, STAND_INS.debian, progress);
  }
  // One failure ends the others, so that its message is the last thing said.
  const failure = new AbortController();
  const shared = { ...progress, signal: AbortSignal.any([progress.signal, failure.signal]) };
  const make = async (name: Exclude<BaseName, 'debian'>, parts: StandInParts = {}): Promise<void> => {
    if (plan.missing.includes(name)) await buildStandIn(name, plan, shared, parts);
  };
  const chains = [
    () => makeJavaStandIns(plan, shared, make),
    () => make('mongodb'),
    async () => {
      await make('haproxy');
      await make('node', { prepare: (directory) => fetchNode(plan.architecture, directory, shared.signal) });
    },
  ];
  const results = await Promise.allSettled(
    chains.map((chain) =>
      chain().catch((error: unknown) => {
        failure.abort(error);
        throw error;
      }),
    ),
  );
  progress.signal.throwIfAborted();
  failure.signal.throwIfAborted();
  if (results.some(({ status }) => status === 'rejected')) throw new Error('a base image failed without a reason');
  await docker(['image', 'prune', '--force', '--filter', `label=${STAGE_LABEL}=build`], { signal: progress.signal });
}

/** Kafka and ZooKeeper take their runtime and jars from one image, which is not needed afterwards. */
async function makeJavaStandIns(
  plan: Plan,
  progress: Progress,
  make: (name: JavaBase, parts: StandInParts) => Promise<void>,
): Promise<void> {
  const names = JAVA_BASES.filter((name) => plan.missing.includes(name));
  if (names.length === 0) return;
  const image = `metals-lab/build-java:${plan.contents.debian}`;
  await timed(progress, 'stand-ins: Java runtime, jars of Kafka and ZooKeeper from Maven Central', () =>
    build(
      {
        image,
        directory: buildContext('java'),
        buildArguments: { DEBIAN: baseImage('debian') },
        labels: { [STAGE_LABEL]: 'build' },
      },
      progress,
    ),
  );
  for (const name of names) await make(name, { buildArguments: { JAVA: image } });
  // It may be gone already, by somebody's clean-up: only space would be lost.
  await tryRun('docker', ['rmi', image], { signal: progress.signal });
}

async function bootstrap(architecture: string, content: string, progress: Progress): Promise<void> {
  await timed(progress, `stand-in debian: debootstrap ${DEBIAN_SUITE}`, () =>
    run(BOOTSTRAP_SCRIPT, [DEBIAN_SUITE, architecture, ROOTFS_IMAGE, content], { signal: progress.signal }),
  );
}

async function buildDebian(plan: Plan, root: string, standIn: string | undefined, progress: Progress): Promise<void> {
  const directory = buildContext('debian');
  mkdirSync(path.join(directory, 'certificates'));
  for (const [name, pem] of Object.entries(plan.certificates))
    writeFileSync(path.join(directory, 'certificates', name), pem);
  await timed(progress, `build ${baseImage('debian')}`, () =>
    build(
      {
        image: baseImage('debian'),
        directory,
        buildArguments: { ROOT: root },
        labels: {
          [CONTENT_LABEL]: plan.contents.debian,
          ...(standIn === undefined ? {} : { [STAND_IN_LABEL]: standIn }),
        },
      },
      progress,
    ),
  );
}

interface StandInParts {
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Puts files made on the host into the build context. */
  readonly prepare?: (directory: string) => Promise<void>;
}

async function buildStandIn(name: BaseName, plan: Plan, progress: Progress, parts: StandInParts): Promise<void> {
  const directory = buildContext(name);
  await timed(progress, `stand-in ${name}: ${STAND_INS[name]}`, async () => {
    await parts.prepare?.(directory);
    await build(
      {
        image: baseImage(name),
        directory,
        buildArguments: { DEBIAN: baseImage('debian'), ...parts.buildArguments },
        labels: { [CONTENT_LABEL]: plan.contents[name], [STAND_IN_LABEL]: STAND_INS[name] },
      },
      progress,
    );
  });
}

/** A fresh copy of the image's folder, where files made on the host may join it. */
function buildContext(name: BaseName | 'java'): string {
  const directory = path.join(BUILD_DIRECTORY, 'bases', name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(path.dirname(directory), { recursive: true });
  cpSync(path.join(ASSETS, 'bases', name), directory, { recursive: true });
  return directory;
}

async function fetchNode(architecture: string, directory: string, signal: AbortSignal): Promise<void> {
  const name = nodePackage(architecture);
  const output = await run(
    'npm',
    ['pack', `${name}@${STAND_IN_NODE_VERSION}`, '--silent', '--pack-destination', directory],
    { signal },
  );
  const archive = path.join(directory, output.trim().split('\n').at(-1) ?? '');
  await run('tar', ['-xzf', archive, '-C', directory, '--strip-components=2', 'package/bin/node'], { signal });
  rmSync(archive);
}

/** Name of the npm package that holds the binary for a Docker architecture. */
export function nodePackage(architecture: string): string {
  const suffix = { amd64: 'x64', arm64: 'arm64' }[architecture];
  if (!suffix)
    throw new LabError(`no stand-in for the node image on ${architecture}: expected amd64 or arm64`, [
      `docker pull ${BASES.node.reference}    # and run 'npm run lab' again once that works`,
    ]);
  return `node-linux-${suffix}`;
}

const rootContent = (architecture: string): string =>
  contentHash([DEBIAN_SUITE, architecture, readFileSync(BOOTSTRAP_SCRIPT)]);

/** What each base is made from; everything stands on Debian, so a change there makes all of them anew. */
function baseContents(architecture: string, certificates: Readonly<Record<string, string>>): Contents {
  const debian = contentHash([rootContent(architecture), ownContent('debian'), ...Object.entries(certificates).flat()]);
  const java = directoryHash(path.join(ASSETS, 'bases', 'java'));
  const contents = BASE_NAMES.map((name) => {
    const own = [ownContent(name), ...((JAVA_BASES as readonly string[]).includes(name) ? [java] : [])];
    return [name, name === 'debian' ? debian : contentHash([debian, ...own, STAND_INS[name]])] as const;
  });
  return Object.fromEntries(contents) as Contents;
}

const ownContent = (name: BaseName): string => directoryHash(path.join(ASSETS, 'bases', name));
