/** The value of `dataVolumes` in lib/config.ts that stands for the volumes of a stage's slots. */
import { createHash } from 'node:crypto';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { EC2Client, paginateDescribeVolumes } from '@aws-sdk/client-ec2';
import { boundCalls, clientConfig } from '../aws-client';
import { isRefusal } from '../aws-errors';
import { cloudFormationStackName, NO_DATA_VOLUMES, TAG, VOLUMES_OUTPUT } from '../contract';
import type { Context } from './context';
import { readOutput } from './stack-output';

const DIGEST_LENGTH = 16;

/**
 * Pure: another value as soon as a volume that the stack has is not there any more, and otherwise what the stack has. CloudFormation
 * would look for none of them, because nothing in its template has changed.
 *
 * @param tagged ids of the stage's volumes that are there and work; undefined: not known
 * @param deployed what the stack was deployed with, as its output says; missing: it is not there, and will look anyway
 */
export function volumesSetting(tagged: readonly string[] | undefined, deployed?: string): string {
  const ids = (deployed ?? NO_DATA_VOLUMES).split(',');
  const setting = ids.pop()!;
  if (!tagged || ids.every((id) => tagged.includes(id))) return setting;
  return createHash('sha256')
    .update([...tagged].sort().join(','))
    .digest('hex')
    .slice(0, DIGEST_LENGTH);
}

/**
 * The setting for the volumes that are there.
 *
 * @throws the SDK's error, unless it is a refusal: who may deploy need not be allowed to see them
 */
export async function readDataVolumes(
  context: Pick<Context, 'stage' | 'profile' | 'endpoint' | 'terminal' | 'interrupted' | 'timeoutSeconds'>,
  region: string,
): Promise<string> {
  const { stage, profile, endpoint, terminal, interrupted: signal, timeoutSeconds } = context;
  const config = await clientConfig({ region, profile, endpoint, env: terminal.io.env });
  const ec2 = boundCalls(new EC2Client(config), { signal, timeoutSeconds });
  const stacks = boundCalls(new CloudFormationClient(config), { signal, timeoutSeconds });
  try {
    const deployed = await readOutput(stacks, cloudFormationStackName(stage, 'data'), VOLUMES_OUTPUT);
    return volumesSetting(deployed === undefined ? undefined : await readTagged(ec2, stage), deployed);
  } finally {
    ec2.destroy();
    stacks.destroy();
  }
}

async function readTagged(client: EC2Client, stage: string): Promise<string[] | undefined> {
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage] },
    { Name: 'tag-key', Values: [TAG.slot] },
    // One in state `error` is lost, too.
    { Name: 'status', Values: ['creating', 'available', 'in-use'] },
  ];
  const found: string[] = [];
  try {
    for await (const { Volumes = [] } of paginateDescribeVolumes({ client }, { Filters }))
      found.push(...Volumes.map(({ VolumeId }) => VolumeId!));
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
  return found;
}
