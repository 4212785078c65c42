/** Data Lifecycle Manager's API: policies are read; CloudFormation alone makes, changes and removes them. */
import { AwsError } from '../errors';
import { splitUrl } from '../front-door/sigv4';
import { jsonReply } from '../front-door/wire';
import { policyArn, type Policies, type PolicyRecord } from './policies';
import type { Interceptor } from '../types';

export function createDlm(policies: Policies): Interceptor {
  return async ({ message }) => {
    const { path, query } = splitUrl(message.url!);
    const [, id] = /^\/policies(?:\/([^/]+))?$/.exec(path) ?? [];
    if (message.method === 'GET' && id !== undefined)
      return jsonReply({ Policy: wholePolicy(policies.get(decodeURIComponent(id))) });
    if (message.method === 'GET' && path === '/policies' && query.size === 0)
      return jsonReply({ Policies: policies.list().map(summary) });
    throw new AwsError(
      'UnsupportedOperation',
      `the lab does not implement dlm: ${message.method} ${message.url}; it answers GetLifecyclePolicies without a filter, and GetLifecyclePolicy`,
    );
  };
}

const summary = ({ id, description, state, tags, details }: PolicyRecord) => ({
  PolicyId: id,
  Description: description,
  State: state,
  Tags: tags,
  // What a policy manages that does not say so ["PolicyDetails" in the API reference].
  PolicyType: details.PolicyType ?? 'EBS_SNAPSHOT_MANAGEMENT',
  DefaultPolicy: false,
});

const wholePolicy = (policy: PolicyRecord) => ({
  PolicyId: policy.id,
  PolicyArn: policyArn(policy.id),
  Description: policy.description,
  State: policy.state,
  StatusMessage: policy.state,
  ExecutionRoleArn: policy.executionRoleArn,
  DateCreated: policy.createdAt,
  DateModified: policy.modifiedAt,
  PolicyDetails: policy.details,
  Tags: policy.tags,
  DefaultPolicy: false,
});
