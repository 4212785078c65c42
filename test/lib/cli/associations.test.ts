import { ListAssociationsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { failedAssociations } from '../../../lib/cli/associations';
import { readContext } from '../../../lib/cli/context';
import { fakeIo, LAB_ENV } from './fake-io';

const ssm = mockClient(SSMClient);
beforeEach(() => ssm.reset());

const read = () =>
  failedAssociations(
    readContext({ color: false, stage: 'prod' }, fakeIo(LAB_ENV), new AbortController().signal),
    'eu-west-1',
  );

// As the lab has answered.
const failed = (AssociationName: string) => ({
  AssociationId: '4c4ac7a8-1b8b-4b7a-9d1c-5b4d0e6f7a80',
  AssociationName,
  Overview: { Status: 'Failed', DetailedStatus: 'Failed', AssociationStatusAggregatedCount: { Failed: 1, Success: 2 } },
});

test('those of the stage that have failed, of all pages, with where the reason is', async () => {
  ssm
    .on(ListAssociationsCommand)
    .resolvesOnce({
      Associations: [failed('metals-prod-reprepare'), failed('metals-production-relabel')],
      NextToken: 'n',
    })
    .resolvesOnce({ Associations: [failed('of-somebody-else'), failed('metals-prod-relabel')] });
  const why =
    'aws ssm describe-association-executions --association-id 4c4ac7a8-1b8b-4b7a-9d1c-5b4d0e6f7a80 --region eu-west-1';
  const text = (name: string) =>
    `association ${name} failed on 1 of 3 nodes at its last run, and is tried again within half an hour; why: ${why}`;
  expect(await read()).toEqual([text('metals-prod-reprepare'), text('metals-prod-relabel')]);
  expect(ssm.commandCalls(ListAssociationsCommand)[0]!.args[0].input.AssociationFilterList).toEqual([
    { key: 'AssociationStatusName', value: 'Failed' },
  ]);
});

test('who may not see them is told of none', async () => {
  ssm.on(ListAssociationsCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
  expect(await read()).toEqual([]);
});

test('any other failure is one', async () => {
  ssm.on(ListAssociationsCommand).rejects(new Error('InternalServerError'));
  await expect(read()).rejects.toThrow('InternalServerError');
});
