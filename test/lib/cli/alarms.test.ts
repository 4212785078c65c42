/** Alarms that are raised, of one stage. */
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { raisedAlarms } from '../../../lib/cli/alarms';
import { readContext } from '../../../lib/cli/context';
import { fakeIo, LAB_ENV } from './fake-io';

const cloudWatch = mockClient(CloudWatchClient);
beforeEach(() => cloudWatch.reset());

const read = () =>
  raisedAlarms(
    readContext({ color: false, stage: 'prod' }, fakeIo(LAB_ENV), new AbortController().signal),
    'eu-west-1',
  );

const alarm = (AlarmName: string) => ({
  AlarmName,
  AlarmDescription: 'The data volume is full',
  StateUpdatedTimestamp: new Date('2026-11-29T11:03:30Z'),
  StateTransitionedTimestamp: new Date('2026-11-29T10:03:30Z'),
});

test('those of all pages, and none of a stage whose name begins with this one', async () => {
  cloudWatch
    .on(DescribeAlarmsCommand)
    .resolvesOnce({ MetricAlarms: [alarm('metals-prod-worker-2-data-disk')], NextToken: 'n' })
    .resolvesOnce({
      MetricAlarms: [alarm('metals-prod-eu-worker-1-data-disk'), alarm('metals-prod-manager-1-root-disk')],
    });
  const text = (slot: string) =>
    `alarm metals-prod-${slot}-disk has been raised since 2026-11-29 10:03 UTC: The data volume is full`;
  expect(await read()).toEqual([text('manager-1-root'), text('worker-2-data')]);
  expect(cloudWatch.commandCalls(DescribeAlarmsCommand)[0]!.args[0].input).toMatchObject({
    AlarmNamePrefix: 'metals-prod-',
    StateValue: 'ALARM',
  });
});

test('who may not see them is told of none; any other failure is one', async () => {
  cloudWatch.on(DescribeAlarmsCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
  expect(await read()).toEqual([]);
  cloudWatch.on(DescribeAlarmsCommand).rejects(new Error('InternalFailure'));
  await expect(read()).rejects.toThrow('InternalFailure');
});
