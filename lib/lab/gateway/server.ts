/** Types of the gateway's server that service interceptors build on. */
import type http from 'node:http';

export { AwsError } from './errors';

/** A request to one of the services whose bodies the gateway reads whole. */
export interface LabRequest {
  /** From the credential scope: `cloudformation`, `ec2`, `autoscaling`, `ssm`, `ecr`… */
  readonly service: string;
  /** `DescribeInstances`, whether from the form's Action or from X-Amz-Target. */
  readonly action: string;
  /** A query API's form as a flat record (`InstanceId.1`), a JSON API's parsed body. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly params: any;
  readonly body: Buffer;
  readonly message: http.IncomingMessage;
}

export interface LabReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers a request, or undefined to forward it to ministack unchanged. Throws AwsError for the caller to see. */
export type Interceptor = (request: LabRequest) => Promise<LabReply | undefined>;
