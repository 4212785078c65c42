/** What the stack was last deployed with: the association that looks after secrets has it. */
import {
  DescribeAssociationCommand,
  ListAssociationsCommand,
  ListCommandsCommand,
  type ListAssociationsCommandOutput,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { documentName, rotationAssociation } from '../contract';
import { changesOf, type Change } from './history';
import { parameterValues } from './parameter-values';

/** The parameters of stack-deploy; undefined where the stage has no such association. */
export async function lastDeployment(
  ssm: SSMClient,
  stage: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const AssociationId = await associationId(ssm, rotationAssociation(stage));
  if (AssociationId === undefined) return undefined;
  const { AssociationDescription } = await ssm.send(new DescribeAssociationCommand({ AssociationId }));
  return parameterValues(AssociationDescription?.Parameters);
}

async function associationId(ssm: SSMClient, name: string): Promise<string | undefined> {
  let NextToken: string | undefined;
  do {
    const page: ListAssociationsCommandOutput = await ssm.send(
      new ListAssociationsCommand({
        AssociationFilterList: [{ key: 'AssociationName', value: name }],
        NextToken,
      }),
    );
    const found = page.Associations?.find(({ AssociationName }) => AssociationName === name);
    if (found) return found.AssociationId;
    NextToken = page.NextToken;
  } while (NextToken);
  return undefined;
}

/** The newest deployment that Systems Manager remembers, which names the newest command first. */
export async function newestDeployment(ssm: SSMClient, stage: string): Promise<Change | undefined> {
  const Filters = [{ key: 'DocumentName' as const, value: documentName(stage, 'stack-deploy') }];
  const { Commands = [] } = await ssm.send(new ListCommandsCommand({ Filters, MaxResults: 10 }));
  return changesOf(Commands, stage)[0];
}
