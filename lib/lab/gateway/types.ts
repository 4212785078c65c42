/** Types that the rooms of the gateway share: a request, its answer, who gives it, and a CloudFormation type's handler. */
import type http from 'node:http';
import type { Principal } from './authorization/principal';

/**
 * Services whose requests the gateway reads whole, by their names in the credential scope. Requests of all others
 * stream through to ministack.
 */
export type ServiceName =
  'autoscaling' | 'cloudformation' | 'dlm' | 'ec2' | 'ecr' | 'elasticloadbalancing' | 'secretsmanager' | 'ssm' | 'sts';

/** A request to one of the services whose bodies the gateway reads whole. */
export interface LabRequest {
  /** From the credential scope. */
  readonly service: string;
  /** `DescribeInstances`, whether from the form's Action or from X-Amz-Target. */
  readonly action: string;
  /** A query API's form as a flat record (`InstanceId.1`), a JSON API's parsed body. */
  readonly params: any;
  readonly body: Buffer;
  readonly message: http.IncomingMessage;
  /** The instance or function that calls; undefined for the deployer and for ministack itself. */
  readonly principal?: Principal;
}

export interface LabReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

/** Answers a request, or undefined to forward it to ministack unchanged. Throws AwsError for the caller to see. */
export type Interceptor = (request: LabRequest) => Promise<LabReply | undefined>;

/**
 * Answers one action of a JSON API.
 *
 * @param host under which the caller reaches the gateway
 */
export type ActionHandler = (params: any, host: string) => unknown;

/** Interceptors by service, asked in turn until one answers. */
export type Interceptors = Readonly<Partial<Record<ServiceName, readonly Interceptor[]>>>;

/** A listener of requests that are not AWS API calls, such as those for instance metadata. */
export type Listener = (message: http.IncomingMessage, response: http.ServerResponse) => void;

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Custom-resource properties: CloudFormation hands every scalar over as a string. */
export type Properties = Readonly<Record<string, any>>;

export interface ResourceContext {
  readonly logicalId: string;
  readonly stackName: string;
}

export interface ResourceResult {
  /** What `Ref` answers. */
  readonly physicalId: string;
  /** What `Fn::GetAtt` answers, by attribute name. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A CloudFormation type that ministack lacks or gets wrong, served by the gateway through the forwarder Lambda. */
export interface ResourceHandler {
  /** CloudFormation type, such as `AWS::EC2::NetworkInterface`. */
  readonly type: string;
  /** Names of properties whose change means replacement: `create` is called for the new one, `delete` later for the old. */
  readonly replaceOn: readonly string[];
  create(properties: Properties, context: ResourceContext): Promise<ResourceResult>;
  /** Without it, a change outside `replaceOn` is refused with the names of the changed properties. */
  update?(
    physicalId: string,
    properties: Properties,
    old: Properties,
    context: ResourceContext,
  ): Promise<ResourceResult>;
  /** Must succeed when the thing is gone already. */
  delete(physicalId: string, properties: Properties): Promise<void>;
}
