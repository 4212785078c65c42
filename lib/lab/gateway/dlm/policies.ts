/**
 * Policies of Data Lifecycle Manager as records: the lab takes no snapshot, whatever their schedules say, because its
 * volumes live no longer than it does.
 */
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import { hexId, tagList } from '../cloudformation/resource';
import { AwsError } from '../errors';
import type { Store } from '../store';
import type { Properties } from '../types';

export interface PolicyRecord {
  readonly id: string;
  readonly description: string;
  readonly state: string;
  readonly executionRoleArn: string;
  /** As the API answers it: numbers and booleans, no texts. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly modifiedAt: string;
}

export interface PolicyData {
  /** By id. */
  readonly policies: Record<string, PolicyRecord>;
}

export const policyArn = (id: string): string => `arn:aws:dlm:${LAB_REGION}:${LAB_ACCOUNT_ID}:policy/${id}`;

export class Policies {
  constructor(
    private readonly store: Store<PolicyData>,
    private readonly now: () => Date = () => new Date(),
  ) {}

  list(): PolicyRecord[] {
    return Object.values(this.store.data.policies);
  }

  /** @throws ResourceNotFoundException */
  get(id: string): PolicyRecord {
    const policy = this.store.data.policies[id];
    if (policy) return policy;
    throw new AwsError('ResourceNotFoundException', `Policy with id ${id} does not exist`, 404);
  }

  /** Of CloudFormation's properties, in which every scalar is a text. */
  create(properties: Properties): PolicyRecord {
    const at = this.now().toISOString();
    return this.put({ ...fromProperties(properties), id: `policy-${hexId()}`, createdAt: at, modifiedAt: at });
  }

  update(id: string, properties: Properties): PolicyRecord {
    const { createdAt } = this.get(id);
    return this.put({ ...fromProperties(properties), id, createdAt, modifiedAt: this.now().toISOString() });
  }

  /** No failure when it is gone already. */
  delete(id: string): void {
    this.store.update(({ policies }) => delete policies[id]);
  }

  private put(policy: PolicyRecord): PolicyRecord {
    this.store.update(({ policies }) => (policies[policy.id] = policy));
    return policy;
  }
}

function fromProperties({ Description, State, ExecutionRoleArn, PolicyDetails, Tags }: Properties) {
  return {
    description: String(Description),
    state: String(State),
    executionRoleArn: String(ExecutionRoleArn),
    details: typed(PolicyDetails) as Record<string, unknown>,
    tags: Object.fromEntries(tagList(Tags).map(({ Key, Value }) => [Key, Value])),
  };
}

/** Members below PolicyDetails that are numbers [botocore's model]. */
const NUMBERS = new Set([
  'Count',
  'CreateInterval',
  'ExecutionTimeout',
  'Interval',
  'MaximumRetryCount',
  'RetainInterval',
  'UnshareInterval',
]);
/** Of tags: texts, whatever they say. */
const TEXTS = new Set(['Key', 'Value']);

function typed(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => typed(item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, typed(member, key)]));
  if (TEXTS.has(name)) return value;
  if (value === 'true' || value === 'false') return value === 'true';
  return NUMBERS.has(name) ? Number(value) : value;
}
