/** The lab's two images: `aws` (gateway and ministack) and `node`. Their tag is the hash of what they are made from. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { baseImage } from '../base-images';
import { contentHash, directoryHash } from './content-hash';
import { build, docker, inspectImages } from './docker';
import { prepareAwsContext } from './gateway/build';
import { timed, type Progress } from './lab-error';
import { tryRun } from './process';
import { REPOSITORY } from '../repository';
import { ASSETS, BUILD_DIRECTORY } from './paths';

export interface LabImages {
  readonly aws: string;
  readonly node: string;
}

/** Builds whichever of the two is missing or outdated. The bases must be there. */
export async function ensureLabImages(progress: Progress): Promise<LabImages> {
  const images = {
    aws: { base: baseImage('node'), directory: path.join(BUILD_DIRECTORY, 'aws') },
    node: { base: baseImage('debian'), directory: path.join(ASSETS, 'node') },
  };
  await ensureAwsContext(images.aws.directory);
  const bases = await inspectImages([images.aws.base, images.node.base], progress.signal);
  const ensure = async (name: keyof LabImages): Promise<string> => {
    const { base, directory } = images[name];
    const baseId = bases.get(base)?.id;
    if (!baseId) throw new Error(`${base} is missing: it is made before the images that stand on it`);
    const image = `metals-lab/${name}:${contentHash([baseId, directoryHash(directory)])}`;
    if ((await inspectImages([image], progress.signal)).has(image)) {
      progress.report(`${image}: there, made from the same content`);
    } else {
      const plan = { image, directory, buildArguments: { BASE: base }, labels: {} };
      await timed(progress, `build ${image}`, () => build(plan, progress));
    }
    return image;
  };
  const [aws, node] = await Promise.all([ensure('aws'), ensure('node')]);
  await removeOutdated([aws, node], progress.signal);
  return { aws, node };
}

/** Earlier builds of the same images, except those that containers still run on: the next run finds these free. */
async function removeOutdated(current: readonly string[], signal: AbortSignal): Promise<void> {
  const repositories = ['--filter', 'reference=metals-lab/aws', '--filter', 'reference=metals-lab/node'];
  const listed = await docker(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', ...repositories], { signal });
  const outdated = listed.split('\n').filter((name) => name !== '' && !current.includes(name));
  // Docker refuses to remove an image in use, and that is the only reason it may have.
  for (const name of outdated) await tryRun('docker', ['rmi', name], { signal });
}

/** Bundling takes seconds, so it is done only when a source has changed since the context was made. */
async function ensureAwsContext(directory: string): Promise<void> {
  const sources = contentHash([
    directoryHash(path.join(REPOSITORY, 'lib')),
    directoryHash(path.join(ASSETS, 'aws')),
    readFileSync(path.join(REPOSITORY, 'package-lock.json')),
  ]);
  const stamp = `${directory}.sources`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  rmSync(stamp, { force: true });
  rmSync(directory, { recursive: true, force: true });
  await prepareAwsContext(directory);
  writeFileSync(stamp, sources);
}
