import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createDlm } from '../../../../../lib/lab/gateway/dlm/dlm-api';
import { lifecyclePolicyResource } from '../../../../../lib/lab/gateway/dlm/dlm-resource';
import { Policies } from '../../../../../lib/lab/gateway/dlm/policies';
import { Store } from '../../../../../lib/lab/gateway/store';
import type { LabRequest } from '../../../../../lib/lab/gateway/types';
import { CONTEXT } from '../support/resource-handler';

/** As CloudFormation hands them to a custom resource: every scalar a text. */
const PROPERTIES = {
  Description: 'daily snapshots',
  State: 'ENABLED',
  ExecutionRoleArn: 'arn:aws:iam::000000000000:role/snapshots',
  PolicyDetails: {
    PolicyType: 'EBS_SNAPSHOT_MANAGEMENT',
    ResourceTypes: ['VOLUME'],
    TargetTags: [{ Key: 'metals:stage', Value: 'true' }],
    Schedules: [
      {
        Name: 'daily',
        CreateRule: { Interval: '24', IntervalUnit: 'HOURS', Times: ['03:00'] },
        RetainRule: { Interval: '7', IntervalUnit: 'DAYS' },
        CopyTags: 'true',
      },
    ],
  },
  Tags: [{ Key: 'metals:stage', Value: 'lab' }],
};

let directory: string;
let times: string[];
const open = () =>
  new Policies(Store.open(directory, 'snapshot-policies', { policies: {} }), () => new Date(times.shift()!));
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dlm-'));
  times = ['2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z'];
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

const call = async (policies: Policies, url: string, method = 'GET') => {
  const message = { method, url } as LabRequest['message'];
  const reply = await createDlm(policies)({ service: 'dlm', action: '', params: {}, body: Buffer.alloc(0), message });
  return JSON.parse(reply!.body);
};

test('a policy is answered with the types that the API has, also after a restart', async () => {
  const { physicalId, attributes } = await lifecyclePolicyResource(open()).create(PROPERTIES, CONTEXT);
  expect(physicalId).toMatch(/^policy-[0-9a-f]{17}$/);
  expect(attributes).toEqual({ Arn: `arn:aws:dlm:eu-west-1:000000000000:policy/${physicalId}` });
  const policies = open();
  expect(await call(policies, '/policies')).toEqual({
    Policies: [
      {
        ...{ PolicyId: physicalId, Description: 'daily snapshots', State: 'ENABLED', DefaultPolicy: false },
        ...{ PolicyType: 'EBS_SNAPSHOT_MANAGEMENT', Tags: { 'metals:stage': 'lab' } },
      },
    ],
  });
  const { Policy } = await call(policies, `/policies/${physicalId}`);
  expect(Policy).toMatchObject({
    PolicyArn: attributes?.Arn,
    ExecutionRoleArn: PROPERTIES.ExecutionRoleArn,
    DateCreated: '2026-11-01T00:00:00.000Z',
    PolicyDetails: {
      TargetTags: [{ Key: 'metals:stage', Value: 'true' }],
      Schedules: [
        {
          CreateRule: { Interval: 24, IntervalUnit: 'HOURS', Times: ['03:00'] },
          RetainRule: { Interval: 7, IntervalUnit: 'DAYS' },
          CopyTags: true,
        },
      ],
    },
  });
});

test('a policy changes under its id, and goes once', async () => {
  const policies = open();
  const resource = lifecyclePolicyResource(policies);
  const { physicalId } = await resource.create(PROPERTIES, CONTEXT);
  await resource.update!(physicalId, { ...PROPERTIES, State: 'DISABLED' }, PROPERTIES, CONTEXT);
  expect((await call(policies, `/policies/${physicalId}`)).Policy).toMatchObject({
    State: 'DISABLED',
    DateCreated: '2026-11-01T00:00:00.000Z',
    DateModified: '2026-11-02T00:00:00.000Z',
  });
  for (let times = 0; times < 2; times++) await resource.delete(physicalId, PROPERTIES);
  expect(await call(policies, '/policies')).toEqual({ Policies: [] });
  await expect(call(policies, `/policies/${physicalId}`)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    status: 404,
  });
});

test.each([
  ['POST', '/policies'],
  ['GET', '/policies?state=ENABLED'],
  ['GET', '/tags/arn'],
])('%s %s is refused, because it would be answered wrongly', async (method, url) => {
  await expect(call(open(), url, method)).rejects.toMatchObject({ code: 'UnsupportedOperation' });
});
