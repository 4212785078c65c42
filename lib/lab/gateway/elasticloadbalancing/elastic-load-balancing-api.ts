/** The API of Elastic Load Balancing: CloudFormation alone makes load balancers in the lab, and /_lab/status shows them. */
import { AwsError } from '../errors';
import type { Interceptor } from '../types';

export const createElasticLoadBalancing: Interceptor = async ({ action }) => {
  throw new AwsError(
    'UnsupportedOperation',
    `the lab does not implement elasticloadbalancing:${action}; loadBalancers of /_lab/status has each target's health`,
  );
};
