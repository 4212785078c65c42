/**
 * The machine image of the nodes, one for each region that somebody deploys to. It stands in the repository, so that
 * every clone deploys the same; `./bin/metals ami --update` moves it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { z } from 'zod';
import { REPOSITORY } from './repository';

/** Path in the repository, as messages name it. */
export const MACHINE_IMAGES_FILE = 'lib/machine-images.json';
const FILE = path.join(REPOSITORY, MACHINE_IMAGES_FILE);

/**
 * The public parameter that names the newest image of the kernel line that the nodes are built on. Another line may
 * lack what encrypted overlay networks need, so it is changed on purpose only.
 */
export const MACHINE_IMAGE_PARAMETER = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64';

const machineImageSchema = z.strictObject({
  imageId: z.string().regex(/^ami-[0-9a-f]{8,17}$/),
  /** `al2023-ami-2023.9.20251027.0-kernel-6.1-x86_64` */
  name: z.string().min(1),
  /** Day on which it was read from AWS: `2026-11-26`. */
  readAt: z.iso.date(),
});
const fileSchema = z.record(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/), machineImageSchema);

export type MachineImage = z.infer<typeof machineImageSchema>;
/** By region. */
export type MachineImages = Readonly<Record<string, MachineImage | undefined>>;

/** @throws Error naming the file and the first problem in it */
export function readPinnedImages(file = FILE): MachineImages {
  const result = fileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (result.success) return result.data;
  const { path: where, message } = result.error.issues[0]!;
  throw new Error(
    `${MACHINE_IMAGES_FILE}: ${where.join('.')}: ${message}; restore it: git checkout ${MACHINE_IMAGES_FILE}`,
  );
}

/** Replaces the image of one region; regions stay in alphabetical order, so that a change is one line of a diff. */
export function pinImage(region: string, image: MachineImage, file = FILE): void {
  const all = { ...readPinnedImages(file), [region]: machineImageSchema.parse(image) };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b)));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}
