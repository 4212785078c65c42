/** AWS::DLM::LifecyclePolicy. */
import { policyArn, type Policies } from './policies';
import type { ResourceHandler, ResourceResult } from '../types';

const result = ({ id }: { readonly id: string }): ResourceResult => ({
  physicalId: id,
  attributes: { Arn: policyArn(id) },
});

export function lifecyclePolicyResource(policies: Policies): ResourceHandler {
  return {
    type: 'AWS::DLM::LifecyclePolicy',
    replaceOn: [],
    create: async (properties) => result(policies.create(properties)),
    update: async (id, properties) => result(policies.update(id, properties)),
    delete: async (id) => policies.delete(id),
  };
}
