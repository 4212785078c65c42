/** What the custom resources of data that outlives its stack are told by the CDK provider framework, and answer. */

/** What becomes of the data when its resource is deleted. */
export type OnDelete = 'keep' | 'delete';

/** Tags by their keys, besides those by which the data is found again. */
export type DataTags = Readonly<Record<string, string>>;

/** As AWS's APIs take them. */
export const asTagList = (tags: DataTags = {}): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

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
