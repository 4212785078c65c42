/** Account settings that decide whether instances of an Auto Scaling group start. Pure. */
import type { Fact } from './fact';
import { judge, type Finding } from './finding';

export interface StorageFacts {
  /** Key that EBS encrypts with when a volume names none: `alias/aws/ebs`, or the ARN of a customer's key. */
  readonly defaultKey: Fact<string>;
  readonly hasDefaultVpc: Fact<boolean>;
}

export const checkStorage = (facts: StorageFacts): Finding[] => [checkKey(facts), checkDefaultVpc(facts)];

/** A group whose role may not use the key launches instances that end at once, with `Client.InternalError`. */
const checkKey = ({ defaultKey }: StorageFacts): Finding =>
  judge("EBS's default key", "AWS's own, or one that Auto Scaling may use", defaultKey, (key) =>
    key.endsWith('alias/aws/ebs')
      ? { verdict: 'ok', measured: key }
      : {
          verdict: 'warning',
          measured: `${key}, a key of this account`,
          next: [
            'let the role AWSServiceRoleForAutoScaling use it in its key policy (kms:Decrypt, kms:CreateGrant, …)',
            'or: aws ec2 reset-ebs-default-kms-key-id',
          ],
        },
  );

const checkDefaultVpc = ({ hasDefaultVpc }: StorageFacts): Finding =>
  judge('default VPC', 'none, by the documentation', hasDefaultVpc, (has) =>
    has
      ? { verdict: 'ok', measured: 'there is one' }
      : {
          verdict: 'warning',
          measured: 'there is none; groups that name zones and an interface were never tried without one',
          next: ['if a group cannot be created: aws ec2 create-default-vpc'],
        },
  );
