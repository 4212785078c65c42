import type { Needs } from '../../../lib/preflight/needs';

export const NEEDS: Needs = {
  account: '123456789012',
  region: 'eu-west-1',
  stage: 'prod',
  isLab: false,
  zones: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'],
  instanceType: 't3.medium',
  instances: 3,
  natInstances: 0,
  addresses: 1,
  vpcs: 1,
  existingVpc: undefined,
  externalLogins: [],
  imageId: 'ami-0123456789abcdef0',
};
