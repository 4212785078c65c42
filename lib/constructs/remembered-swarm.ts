/** What Parameter Store remembers about a stage's Swarm, as far as its volumes are concerned; swarm-init writes it. */
import {
  DeleteParametersCommand,
  GetParameterCommand,
  paginateGetParametersByPath,
  ParameterNotFound,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { parameterPath, recoveryPath, SWARM_PARAMETERS } from '../contract';
import { lostSwarm } from './kept-volume-choice';

/** Names that DeleteParameters takes. */
const MOST_AT_ONCE = 10;

/**
 * For a stage whose Swarm would begin on an empty volume. swarm-init refuses it, too, but only once the nodes are replaced, and
 * a rollback cannot give them back a volume that is gone.
 */
export async function refuseSecondSwarm(client: SSMClient, stage: string): Promise<void> {
  const claim = await readClaim(client, stage);
  if (claim?.startsWith('initialised')) throw new Error(lostSwarm(stage, claim));
}

async function readClaim(client: SSMClient, stage: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetParameterCommand({ Name: parameterPath(stage, 'claim') }))).Parameter?.Value;
  } catch (error) {
    if (error instanceof ParameterNotFound) return undefined;
    throw error;
  }
}

/** Once its volume is deleted: the next deployment of the stage creates a Swarm, which the claim would forbid. */
export async function forgetSwarm(client: SSMClient, stage: string): Promise<void> {
  const names: string[] = SWARM_PARAMETERS.map((leaf) => parameterPath(stage, leaf));
  for await (const { Parameters = [] } of paginateGetParametersByPath({ client }, { Path: recoveryPath(stage) }))
    names.push(...Parameters.map(({ Name }) => Name!));
  for (let first = 0; first < names.length; first += MOST_AT_ONCE)
    await client.send(new DeleteParametersCommand({ Names: names.slice(first, first + MOST_AT_ONCE) }));
}
