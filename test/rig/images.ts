/** Images of the rig: the product's own Dockerfiles on the lab's bases, tagged by the hash of what they are made from. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bundleProgram } from '../../lib/constructs/bundle';
import { REPOSITORY } from '../../lib/repository';
import { ensureBases } from '../../lib/lab/base-builder';
import { baseImage, BASES, type BaseName } from '../../lib/base-images';
import { contentHash, directoryHash } from '../../lib/lab/content-hash';
import { build, inspectImages } from '../../lib/lab/docker';
import { timed, type Progress } from '../../lib/lab/lab-error';
import type { Component } from './stack';
import { writePatchedSources, type Service, type Variant } from './variants';

const NODE_TARGET = 'node22';
const CONTEXTS = path.join(REPOSITORY, 'build', 'rig', 'contexts');
const BASE: Readonly<Record<Component, BaseName>> = {
  kafka: 'kafka',
  mongodb: 'mongodb',
  producer: 'node',
  processor: 'node',
  tools: 'node',
};
const isProgram = (component: Component): boolean => BASE[component] === 'node';

/** Makes the base images that are missing, as `npm run lab` does, and says which are stand-ins. */
export async function ensureRigBases(progress: Progress): Promise<void> {
  const standIns = await ensureBases(progress);
  for (const base of new Set(Object.values(BASE))) {
    if (standIns[base] !== undefined) progress.report(`STAND-IN ${base}: ${standIns[base]}`);
  }
}

const images = new Map<string, Promise<string>>();

/** Builds a component's image unless it is there, and returns its name. Sources are looked at once in a process. */
export function ensureImage(component: Component, progress: Progress, variant?: Variant): Promise<string> {
  const key = JSON.stringify([component, variant]);
  const image = images.get(key) ?? makeImage(component, progress, variant);
  images.set(key, image);
  return image;
}

async function makeImage(component: Component, progress: Progress, variant?: Variant): Promise<string> {
  const base = baseImage(BASE[component]);
  const baseId = (await inspectImages([base], progress.signal)).get(base)?.id;
  if (baseId === undefined) throw new Error(`${base} is missing; next: npm run lab (or docker images metals-lab/*)`);
  const folder = makeFolder(component);
  try {
    const plain = isProgram(component) ? programContext(component, folder, 'plain') : sourceOf(component);
    const content = contentHash([baseId, directoryHash(plain), JSON.stringify(variant?.patches ?? [])]);
    const image = `metals-rig/${component}:${variant === undefined ? '' : `${variant.name}-`}${content}`;
    if ((await inspectImages([image], progress.signal)).has(image)) return image;
    const directory = variant === undefined ? plain : programContext(component, folder, 'patched', variant);
    const plan = { image, directory, buildArguments: { BASE: base }, labels: {} };
    await timed(progress, `build ${image}`, () => build(plan, progress));
    return image;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A service whose clock a test can set: it reads the time through libfaketime (clock.ts). */
export async function ensureClockImage(component: Service, progress: Progress, variant?: Variant): Promise<string> {
  const image = await ensureImage(component, progress, variant);
  const clocked = `${image}-clock`;
  if ((await inspectImages([clocked], progress.signal)).has(clocked)) return clocked;
  const directory = path.join(REPOSITORY, 'test', 'rig', 'clock');
  const buildArguments = { NODE: baseImage(BASE[component]), BASE: image };
  await timed(progress, `build ${clocked}`, () =>
    build({ image: clocked, directory, buildArguments, labels: {} }, progress),
  );
  return clocked;
}

/** iptables and the tools of a file system, on the lab's Debian: for containers beside the one that is disturbed. */
export async function ensureToolbox(progress: Progress): Promise<string> {
  const directory = path.join(REPOSITORY, 'test', 'rig', 'toolbox');
  const local = baseImage('debian');
  const base = (await inspectImages([local], progress.signal)).has(local) ? local : BASES.debian.reference;
  const image = `metals-rig/toolbox:${contentHash([base, directoryHash(directory)])}`;
  if ((await inspectImages([image], progress.signal)).has(image)) return image;
  const plan = { image, directory, buildArguments: { BASE: base }, labels: {} };
  await timed(progress, `build ${image}`, () => build(plan, progress));
  return image;
}

/** Of its own: several runs may build at the same time. */
function makeFolder(component: Component): string {
  mkdirSync(CONTEXTS, { recursive: true });
  return mkdtempSync(path.join(CONTEXTS, `${component}-`));
}

const sourceOf = (component: Component): string => path.join(REPOSITORY, 'services', component);

function programContext(component: Component, folder: string, name: string, variant?: Variant): string {
  const context = path.join(folder, name);
  const sources = path.join(folder, 'sources');
  cpSync(sourceOf(component), context, { recursive: true, filter: (file) => !file.endsWith('.ts') });
  if (variant !== undefined) writePatchedSources(sources, variant);
  const from = variant === undefined ? '' : path.relative(REPOSITORY, sources);
  const to = path.relative(REPOSITORY, context);
  bundleProgram(path.join(from, 'services', component, 'main.ts'), path.join(to, 'app.js'), NODE_TARGET);
  bundleProgram('services/common/healthcheck.ts', path.join(to, 'healthcheck.js'), NODE_TARGET);
  return context;
}
