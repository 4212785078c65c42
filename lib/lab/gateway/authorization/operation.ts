/** What a request asks for in IAM's terms: the shape of a call, and of the permissions that it needs. */
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';

/** A call as the mappers see it. */
export interface OperationCall {
  /** From the credential scope, which is IAM's prefix too: `ssm`, `ec2`, `states`… */
  readonly service: string;
  /** `AmazonSSM` of `AmazonSSM.GetParameter`; undefined where the service has no X-Amz-Target. */
  readonly targetPrefix: string | undefined;
  /** API operation; '' where method and path say it (s3, lambda). */
  readonly operation: string;
  /** A query API's form as a flat record, a JSON API's parsed body, `{}` for a REST API. */
  readonly params: any;
  readonly method: string;
  /** Path without query, not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** One permission that a call needs; AWS refuses the call unless every one is granted. */
export interface RequiredPermission {
  /** `ssm:GetParameter` */
  readonly action: string;
  /** ARN, or `*` for an action that knows no resource. */
  readonly resource: string;
  /** Condition keys that the request itself carries. */
  readonly context?: Readonly<Record<string, string | string[]>>;
}

/** What the request alone does not say. */
export interface Lookups {
  /** Full ARN of a secret by name, ARN or partial ARN; undefined where there is none. */
  secretArn(secretId: string): Promise<string | undefined>;
  /** Id of a CloudFormation stack (its ARN) by name; undefined where there is none. */
  stackId(name: string): Promise<string | undefined>;
  /** ARN of an Auto Scaling group by name, or of the one that an instance belongs to. */
  groupArn(of: { readonly name: string } | { readonly instanceId: string }): string | undefined;
  /** Ids of the managed nodes that a command's targets match now. */
  instancesOf(targets: readonly { readonly Key: string; readonly Values: readonly string[] }[]): readonly string[];
}

export type OperationMapper = (
  call: OperationCall,
  lookups: Lookups,
) => readonly RequiredPermission[] | Promise<readonly RequiredPermission[]>;

/** Mappers of a service by operation. */
export type OperationMappers = Readonly<Record<string, OperationMapper>>;

export const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${LAB_REGION}:${LAB_ACCOUNT_ID}:${resource}`;

/** Mappers for operations whose action has the same name and knows no resource. */
export const withoutResource = (service: string, ...operations: readonly string[]): OperationMappers =>
  Object.fromEntries(
    operations.map((operation) => [operation, () => [{ action: `${service}:${operation}`, resource: '*' }]]),
  );

/** Mappers for operations whose action has the same name and one resource, read from the parameters. */
export const onResource = (
  service: string,
  resource: (params: any) => string,
  ...operations: readonly string[]
): OperationMappers =>
  Object.fromEntries(
    operations.map((operation) => [
      operation,
      ({ params }: OperationCall) => [{ action: `${service}:${operation}`, resource: resource(params) }],
    ]),
  );

/** Mappers for operations that differ in their name alone. */
export const mappersOf = (
  named: (operation: string) => OperationMapper,
  ...operations: readonly string[]
): OperationMappers => Object.fromEntries(operations.map((operation) => [operation, named(operation)]));
