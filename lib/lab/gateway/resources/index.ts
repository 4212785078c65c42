/** The resource types that are not about nodes. */
import type { Log } from '../log';
import type { ResourceHandler } from '../resource';
import type { Upstream } from '../upstream';
import { createEip } from './eip';
import { createFlowLog } from './flow-log';
import { createInstanceProfile } from './instance-profile';
import { createNatGateway } from './nat-gateway';
import { createRotationSchedule } from './rotation-schedule';
import { createSecret } from './secret';
import { createSecurityGroupRule } from './security-group-rule';

export const createResources = (upstream: Upstream, log: Log): readonly ResourceHandler[] => [
  createEip(upstream),
  createNatGateway(upstream),
  createSecurityGroupRule(upstream, 'Ingress'),
  createSecurityGroupRule(upstream, 'Egress'),
  createInstanceProfile(upstream),
  createSecret(upstream),
  createRotationSchedule(upstream, log),
  createFlowLog(upstream, log),
];
