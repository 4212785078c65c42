/** Made-up records that the tests of nodes and documents share. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { InstanceRecord, NodesData } from '../../../../../lib/lab/gateway/ec2/records';
import { RecordStore, Store } from '../../../../../lib/lab/gateway/store';
import type { ManagedNode } from '../../../../../lib/lab/gateway/ssm/targets';
import type { GroupRecord } from '../../../../../lib/lab/gateway/autoscaling/group-record';

const directories: string[] = [];

/** A store in a directory of its own, removed by `removeStores`. */
export function temporaryStore<T extends object>(initial: T): Store<T> {
  return Store.open(temporaryDirectory(), 'data', initial);
}

export const temporaryRecords = <T extends { readonly id: string }>(): RecordStore<T> =>
  RecordStore.open(temporaryDirectory(), 'data');

function temporaryDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'gateway-test-'));
  directories.push(directory);
  return directory;
}

export function removeStores(): void {
  for (const directory of directories.splice(0)) fs.rmSync(directory, { recursive: true });
}

export const noLog = (): void => undefined;

export const group = (overrides: Partial<GroupRecord> = {}): GroupRecord => ({
  name: 'group-a',
  launchTemplateId: 'lt-1',
  launchTemplateVersion: 1,
  minSize: 1,
  maxSize: 1,
  desiredCapacity: 1,
  availabilityZone: 'eu-west-1b',
  tags: [
    { Key: 'metals:slot', Value: 'worker-1', PropagateAtLaunch: true },
    { Key: 'metals:data-volume-id', Value: 'vol-1', PropagateAtLaunch: true },
    { Key: 'owner', Value: 'group only', PropagateAtLaunch: false },
  ],
  createdTime: '2026-11-01T00:00:00.000Z',
  replaceOutdated: false,
  replaceInstance: false,
  ...overrides,
});

export const instance = (overrides: Partial<InstanceRecord> = {}): InstanceRecord => ({
  id: 'i-0a',
  groupName: 'group-a',
  launchTemplateId: 'lt-1',
  launchTemplateVersion: 1,
  interfaceId: 'eni-1',
  vpcId: 'vpc-1',
  privateIp: '10.40.3.11',
  hostname: 'ip-10-40-3-11',
  container: 'metals-lab-i-0a',
  availabilityZone: 'eu-west-1b',
  instanceType: 't3.medium',
  imageId: 'ami-1',
  instanceProfile: 'profile-a',
  userData: Buffer.from('#!/bin/sh\necho hello').toString('base64'),
  metadata: { tokensRequired: true, tagsEnabled: false },
  launchTime: '2026-11-01T00:00:00.000Z',
  tags: { Name: 'metals-worker-1', 'metals:slot': 'worker-1' },
  state: 'running',
  ...overrides,
});

export const nodesData = (overrides: Partial<NodesData> = {}): NodesData => ({
  interfaces: {
    'eni-1': {
      id: 'eni-1',
      subnetId: 'subnet-1',
      vpcId: 'vpc-1',
      privateIp: '10.40.3.11',
      upstreamIp: '10.0.7.7',
      macAddress: '02:00:00:00:00:01',
      securityGroupIds: ['sg-1'],
    },
  },
  volumes: { 'vol-1': { id: 'vol-1', availabilityZone: 'eu-west-1b' } },
  launchTemplates: {
    'lt-1': {
      id: 'lt-1',
      name: 'template-a',
      versions: [
        {
          ImageId: 'ami-1',
          InstanceType: 't3.medium',
          IamInstanceProfile: { Arn: 'arn:aws:iam::000000000000:instance-profile/profile-a' },
          NetworkInterfaces: [{ DeviceIndex: '0', NetworkInterfaceId: 'eni-1', DeleteOnTermination: 'false' }],
          MetadataOptions: { HttpTokens: 'required' },
          UserData: 'IyEvYmluL3No',
          TagSpecifications: [
            {
              ResourceType: 'instance',
              Tags: [
                { Key: 'Name', Value: 'from template' },
                { Key: 'metals:slot', Value: 'overridden' },
              ],
            },
            { ResourceType: 'volume', Tags: [{ Key: 'Name', Value: 'a volume' }] },
          ],
        },
      ],
    },
  },
  groups: { 'group-a': group() },
  instances: {},
  ...overrides,
});

export const managedNode = (overrides: Partial<ManagedNode> = {}): ManagedNode => ({
  id: 'i-0a',
  name: 'metals-worker-1',
  hostname: 'ip-10-40-3-11',
  privateIp: '10.40.3.11',
  container: 'metals-lab-i-0a',
  tags: { 'metals:stage': 'lab', 'metals:slot': 'worker-1' },
  online: true,
  acceptsCommands: true,
  lastPing: new Date(0),
  registrationTime: new Date(0),
  ...overrides,
});
