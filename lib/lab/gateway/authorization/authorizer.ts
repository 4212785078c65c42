/** Judges every call of an instance or a function under its own role, as IAM does. */
import { createHash } from 'node:crypto';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import { AwsError, UpstreamError } from '../errors';
import { errorText, type Log } from '../log';
import type { IamMode } from '../settings';
import { denial, unmapped } from './denial';
import type { Lookups, OperationCall, RequiredPermission } from './operation';
import { requiredPermissions } from './operations';
import type { NamedPolicy } from './policies';
import type { PolicyCache } from './policy-cache';
import { roleArn, sessionArn, type Principal } from './principal';
import type { Recording } from './recording';
import { tagContext, type Tags } from './resource-tags';
import { decide, type Decision, type PermissionRequest } from './simulate';

export interface AuthorizerDependencies {
  readonly mode: IamMode;
  readonly policies: Pick<PolicyCache, 'of' | 'stated'>;
  readonly lookups: Lookups;
  readonly tagsOf: (arn: string) => Promise<Tags>;
  readonly recording: Pick<Recording, 'add'>;
  readonly log: Log;
}

/** Decisions remembered at most; one is taken in a few milliseconds, looked up in a few microseconds. */
const MAX_DECISIONS = 2000;

export class Authorizer {
  private readonly decisions = new Map<string, Decision>();
  private readonly versions = new WeakMap<readonly NamedPolicy[], string>();

  constructor(private readonly dependencies: AuthorizerDependencies) {}

  get isOff(): boolean {
    return this.dependencies.mode === 'off';
  }

  /** Resolves when the call may go on; rejects with the service's own error where a permission is missing. */
  async authorize(principal: Principal, call: OperationCall): Promise<void> {
    if (this.isOff) return;
    const { mode, log } = this.dependencies;
    try {
      await this.judge(principal, call);
    } catch (error) {
      log('iam', errorText(error));
      if (mode !== 'enforce') return;
      // What ministack or the simulation says is about the judgement, and must not pass for the service's answer.
      if (error instanceof AwsError && !(error instanceof UpstreamError)) throw error;
      throw new Error(`${call.service}:${call.operation} cannot be judged: ${errorText(error)}`, { cause: error });
    }
  }

  private async judge(principal: Principal, call: OperationCall): Promise<void> {
    const { lookups, recording, log } = this.dependencies;
    const permissions = await requiredPermissions(call, lookups);
    if (!permissions) {
      const operation = call.operation || `${call.method} ${call.path}`;
      const action = `${call.service}:${operation}`;
      recording.add({
        ...this.requestOf(principal, { action, resource: '*' }),
        roleName: principal.roleName,
        decision: 'unmapped',
      });
      throw unmapped(call.service, operation, sessionArn(principal));
    }
    for (const permission of permissions) {
      const { request, decision } = await this.decision(principal, permission);
      const early = decision !== 'allowed' && (await this.isGranted(principal, permission));
      recording.add({ ...request, roleName: principal.roleName, decision: early ? 'not yet in effect' : decision });
      if (early) log('iam', `${principal.roleName} has ${permission.action}, and that is not yet in effect`);
      if (decision !== 'allowed') throw denial(call.service, request, decision);
    }
  }

  /** Whether IAM states policies that allow it, in effect or not. */
  private async isGranted(principal: Principal, permission: RequiredPermission): Promise<boolean> {
    const stated = await this.dependencies.policies.stated(principal.roleName);
    return (await this.decideOn(principal, permission, stated)).decision === 'allowed';
  }

  /** Denied only by policies that were read just now: CloudFormation may have granted it a moment ago. */
  private async decision(principal: Principal, permission: RequiredPermission) {
    const { policies } = this.dependencies;
    const first = await this.decideOn(principal, permission, await policies.of(principal.roleName));
    if (first.decision === 'allowed') return first;
    return this.decideOn(principal, permission, await policies.of(principal.roleName, true));
  }

  private async decideOn(
    principal: Principal,
    permission: RequiredPermission,
    policies: readonly NamedPolicy[],
  ): Promise<{ request: PermissionRequest; decision: Decision }> {
    const version = this.versionOf(policies);
    // Asking for tags costs a call to ministack: only where a condition could ask for them.
    const tags =
      version.endsWith('tags') && permission.resource !== '*'
        ? await this.dependencies.tagsOf(permission.resource)
        : {};
    const request = this.requestOf(principal, permission, tags);
    const key = `${version} ${JSON.stringify(request)}`;
    const known = this.decisions.get(key);
    if (known) return { request, decision: known };
    const decision = await decide(request, policies);
    if (this.decisions.size >= MAX_DECISIONS) this.decisions.clear();
    this.decisions.set(key, decision);
    return { request, decision };
  }

  /**
   * Without the keys that differ at every call or that only AWS's network knows: `aws:CurrentTime`, `aws:EpochTime`,
   * `aws:SourceIp`, `aws:userid`.
   */
  private requestOf(principal: Principal, permission: RequiredPermission, tags: Tags = {}): PermissionRequest {
    const { action, resource, context } = permission;
    return {
      principal: sessionArn(principal),
      action,
      resource,
      context: {
        'aws:PrincipalArn': roleArn(principal.roleName),
        'aws:PrincipalAccount': LAB_ACCOUNT_ID,
        'aws:PrincipalType': 'AssumedRole',
        'aws:RequestedRegion': LAB_REGION,
        // Nodes speak TLS with AWS; here the connection ends on loopback.
        'aws:SecureTransport': 'true',
        'aws:ViaAWSService': 'false',
        ...principal.context,
        ...tagContext(action, tags),
        ...context,
      },
    };
  }

  private versionOf(policies: readonly NamedPolicy[]): string {
    let version = this.versions.get(policies);
    if (version === undefined) {
      const text = JSON.stringify(policies);
      version = createHash('sha256').update(text).digest('hex') + (/resourcetag\//i.test(text) ? ' tags' : '');
      this.versions.set(policies, version);
    }
    return version;
  }
}
