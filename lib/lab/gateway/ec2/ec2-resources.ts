/** The resource types that are not about nodes. */
import type { Log } from '../log';
import type { ResourceHandler } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';
import { createEip } from './eip-resource';
import { createFlowLog } from '../resources/flow-log';
import { createInstanceProfile } from '../iam/instance-profile-resource';
import { createNatGateway } from './nat-gateway-resource';
import { createRotationSchedule } from '../resources/rotation-schedule';
import { createSecret } from '../secretsmanager/secret-resource';
import { createSecurityGroupRule } from './security-group-rule-resource';

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
