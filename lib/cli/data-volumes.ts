/** The value of `dataVolumes` in lib/config.ts that stands for the volumes of a stage's slots. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { cloudFormationStackName, NO_DATA_VOLUMES, VOLUMES_OUTPUT } from '../contract';
import { clientsOf, type Caller } from './clients';
import type { Context } from './context';
import { digestOf } from './digest';
import { readVolumes } from './slot-volumes';
import { readOutput } from './stack-output';

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
  return digestOf([...tagged].sort());
}

/**
 * The setting for the volumes that are there.
 *
 * @throws the SDK's error, unless it is a refusal: who may deploy need not be allowed to see them
 */
export async function readDataVolumes(context: Caller & Pick<Context, 'stage'>, region: string): Promise<string> {
  const { stage } = context;
  const client = await clientsOf(context, region);
  const stacks = client(CloudFormationClient);
  try {
    const deployed = await readOutput(stacks, cloudFormationStackName(stage, 'data'), VOLUMES_OUTPUT);
    const found = deployed === undefined ? undefined : await readVolumes(client, stage);
    return volumesSetting(
      found?.map(({ id }) => id),
      deployed,
    );
  } finally {
    stacks.destroy();
  }
}
