import type { Context } from '../context';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { EXIT } from '../../contract';
import { boundCalls, clientConfig } from '../../aws-client';
import {
  MACHINE_IMAGE_PARAMETER,
  MACHINE_IMAGES_FILE,
  pinImage,
  readPinnedImages,
  type MachineImage,
} from '../../machine-images';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

export const AMI_FAILED = 'the machine image could not be read';

export interface AmiOptions {
  readonly update?: boolean;
}

/** An image as EC2 describes it. */
interface FoundImage {
  readonly imageId: string;
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** `metals ami`: the image that nodes of a region run, and the newest; `--update` pins the newest. */
export async function ami(context: Context, { update }: AmiOptions): Promise<number> {
  const { terminal } = context;
  if (context.isLab) {
    const next = ['run it with credentials of an AWS account, or see lib/machine-images.json'];
    throw new CliError(AMI_FAILED, 'nodes of the lab are containers: they have no machine image', next, 'wrong-place');
  }
  const { region, newest } = await readNewest(context);
  const pinned = readPinnedImages()[region];
  const isNewest = pinned?.imageId === newest.imageId;
  if (update && !isNewest)
    pinImage(region, { imageId: newest.imageId, name: newest.name, readAt: new Date().toISOString().slice(0, 10) });
  if (terminal.json) {
    terminal.value({ region, pinned: pinned ?? null, newest, updated: Boolean(update) && !isNewest });
    return EXIT.ok;
  }
  terminal.data(drawTable(amiRows(region, pinned, newest), terminal.colors));
  for (const line of amiNotes(region, pinned, isNewest, Boolean(update)))
    terminal.note(completeCommands(line, context.given));
  return EXIT.ok;
}

async function readNewest(context: Context): Promise<{ region: string; newest: FoundImage }> {
  // Loaded here: no other command waits for EC2's client.
  const [{ DescribeImagesCommand, EC2Client }, { GetParameterCommand, SSMClient }] = await Promise.all([
    import('@aws-sdk/client-ec2'),
    import('@aws-sdk/client-ssm'),
  ]);
  const { profile, endpoint, terminal, interrupted: signal, timeoutSeconds } = context;
  const bounds = { signal, timeoutSeconds };
  const config = await clientConfig({ region: context.region, profile, endpoint, env: terminal.io.env });
  const ssm = boundCalls(new SSMClient(config), bounds);
  const region = await ssm.config.region();
  const imageId = (await ssm.send(new GetParameterCommand({ Name: MACHINE_IMAGE_PARAMETER }))).Parameter!.Value!;
  const { Images = [] } = await boundCalls(new EC2Client(config), bounds).send(
    new DescribeImagesCommand({ ImageIds: [imageId] }),
  );
  const image = Images[0];
  if (!image?.Name || !image.CreationDate) {
    const why = `EC2 does not describe ${imageId}, which ${MACHINE_IMAGE_PARAMETER} names in ${region}`;
    throw new CliError(AMI_FAILED, why, [`aws ec2 describe-images --image-ids ${imageId} --region ${region}`]);
  }
  return { region, newest: { imageId, name: image.Name, createdAt: image.CreationDate } };
}

/** Pure. */
export const amiRows = (region: string, pinned: MachineImage | undefined, newest: FoundImage): string[][] => [
  ['image', 'region', 'id', 'name', 'date'],
  ['pinned', region, pinned?.imageId ?? 'none', pinned?.name ?? '', pinned ? `read ${pinned.readAt}` : ''],
  ['newest', region, newest.imageId, newest.name, `made ${newest.createdAt.slice(0, 10)}`],
];

/** Pure: what was done, what it will do, and the next command. */
export function amiNotes(
  region: string,
  pinned: MachineImage | undefined,
  isNewest: boolean,
  update: boolean,
): string[] {
  if (isNewest) return ['the pinned image is the newest; nothing to do'];
  const replaced =
    'the next deployment of each stage in this region replaces the instance of every slot, one slot after the other; ' +
    'addresses and data volumes stay';
  if (!update) return [`next: ./bin/metals ami --update --region ${region}`, ...(pinned ? [`then ${replaced}`] : [])];
  return [
    `${MACHINE_IMAGES_FILE} is written: commit it, so that every clone deploys the same`,
    ...(pinned ? [replaced] : []),
    'next: ./bin/metals deploy',
  ];
}

export const verb: Verb<AmiOptions> = { failure: AMI_FAILED, run: ami };
