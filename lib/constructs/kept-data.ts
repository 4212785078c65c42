/** What the custom resources of data that outlives its stack are told by the CDK provider framework, and answer. */

/** What becomes of the data when its resource is deleted. */
export type OnDelete = 'keep' | 'delete';

export interface KeptDataEvent<Properties> {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly StackId: string;
  /** Of what exists already: an ARN or an id. */
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Properties;
}

export interface KeptDataResult {
  /** What `Ref` answers. */
  readonly PhysicalResourceId: string;
  readonly Data?: Readonly<Record<string, string>>;
}
