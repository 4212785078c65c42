/** Small models in botocore's format, written by hand after the real ones, and exchanges to check against them. */
import { checkExchange, type Checked } from '../../../../../../lib/lab/gateway/shapes/check';
import type { Exchange } from '../../../../../../lib/lab/gateway/shapes/exchange';
import type { ServiceModel } from '../../../../../../lib/lab/gateway/shapes/model';

const STRING = { type: 'string' } as const;
const post = { method: 'POST', requestUri: '/' };

/** As SSM: JSON, operations by X-Amz-Target. */
export const JSON_MODEL: ServiceModel = {
  metadata: { protocol: 'json', apiVersion: '2014-11-06', targetPrefix: 'AmazonSSM' },
  operations: {
    PutParameter: {
      name: 'PutParameter',
      http: post,
      input: { shape: 'PutParameterRequest' },
      output: { shape: 'PutParameterResult' },
    },
    DeleteParameter: { name: 'DeleteParameter', http: post, input: { shape: 'DeleteParameterRequest' } },
  },
  shapes: {
    PutParameterRequest: {
      type: 'structure',
      required: ['Name', 'Value'],
      members: {
        Name: { shape: 'Name' },
        Value: { shape: 'Value' },
        Type: { shape: 'Type' },
        Overwrite: { shape: 'Boolean' },
        Tags: { shape: 'TagList' },
        Attributes: { shape: 'AttributeMap' },
        Filter: { shape: 'Filter' },
      },
    },
    DeleteParameterRequest: { type: 'structure', required: ['Name'], members: { Name: { shape: 'Name' } } },
    PutParameterResult: {
      type: 'structure',
      members: {
        Version: { shape: 'Version' },
        Ratio: { shape: 'Ratio' },
        Type: { shape: 'Type' },
        ModifiedAt: { shape: 'Date', locationName: 'modifiedAt' },
        ExpiresAt: { shape: 'IsoDate' },
        Digest: { shape: 'Blob' },
      },
    },
    Name: { type: 'string', min: 1, max: 10, pattern: '[a-z/]+' },
    Value: STRING,
    Type: { type: 'string', enum: ['String', 'SecureString'] },
    Boolean: { type: 'boolean' },
    Version: { type: 'long', min: 1 },
    Ratio: { type: 'double' },
    Date: { type: 'timestamp' },
    IsoDate: { type: 'timestamp', timestampFormat: 'iso8601' },
    Blob: { type: 'blob' },
    Tag: { type: 'structure', required: ['Key'], members: { Key: { shape: 'Name' } } },
    TagList: { type: 'list', member: { shape: 'Tag' }, max: 2 },
    AttributeMap: { type: 'map', key: { shape: 'Name' }, value: { shape: 'Version' }, max: 2 },
    Filter: { type: 'structure', union: true, members: { A: { shape: 'Value' }, B: { shape: 'Value' } } },
  },
};

/** As Auto Scaling and CloudFormation: forms, `member` in lists, a wrapper around results. */
export const QUERY_MODEL: ServiceModel = {
  metadata: { protocol: 'query', apiVersion: '2011-01-01' },
  operations: {
    DescribeGroups: {
      name: 'DescribeGroups',
      http: post,
      input: { shape: 'DescribeGroupsType' },
      output: { shape: 'GroupsType', resultWrapper: 'DescribeGroupsResult' },
    },
    DeleteGroup: { name: 'DeleteGroup', http: post, input: { shape: 'DeleteGroupType' } },
  },
  shapes: {
    DescribeGroupsType: {
      type: 'structure',
      members: {
        GroupNames: { shape: 'GroupNames' },
        MaxRecords: { shape: 'Max' },
        Labels: { shape: 'Labels' },
        Wanted: { shape: 'Boolean' },
        Since: { shape: 'Date' },
        Nested: { shape: 'Group' },
        Flat: { shape: 'FlatNames' },
      },
    },
    DeleteGroupType: { type: 'structure', required: ['GroupName'], members: { GroupName: { shape: 'Name' } } },
    GroupsType: {
      type: 'structure',
      required: ['Groups'],
      members: { Groups: { shape: 'Groups' }, NextToken: { shape: 'Name' }, Labels: { shape: 'Labels' } },
    },
    Group: {
      type: 'structure',
      required: ['GroupName', 'MinSize'],
      members: {
        GroupName: { shape: 'Name' },
        MinSize: { shape: 'Max' },
        CreatedTime: { shape: 'Date' },
        IsOpen: { shape: 'Boolean' },
        Flat: { shape: 'FlatNames' },
      },
    },
    Groups: { type: 'list', member: { shape: 'Group' } },
    GroupNames: { type: 'list', member: { shape: 'Name' } },
    FlatNames: { type: 'list', flattened: true, member: { shape: 'Name', locationName: 'FlatName' } },
    Labels: { type: 'map', key: { shape: 'Name' }, value: { shape: 'Name' } },
    Name: { type: 'string', min: 1, max: 255 },
    Max: { type: 'integer', max: 100 },
    Boolean: { type: 'boolean' },
    Date: { type: 'timestamp' },
  },
};

/** As EC2: every list of a request is flat, names begin with a capital, lists of answers have `item`. */
export const EC2_MODEL: ServiceModel = {
  metadata: { protocol: 'ec2', apiVersion: '2016-11-15' },
  operations: {
    DescribeInstances: {
      name: 'DescribeInstances',
      http: post,
      input: { shape: 'DescribeInstancesRequest' },
      output: { shape: 'DescribeInstancesResult' },
    },
    DeleteVolume: { name: 'DeleteVolume', http: post, input: { shape: 'DeleteVolumeRequest' } },
  },
  shapes: {
    DescribeInstancesRequest: {
      type: 'structure',
      members: {
        InstanceIds: { shape: 'InstanceIds', locationName: 'InstanceId' },
        Filters: { shape: 'Filters', locationName: 'Filter' },
        DryRun: { shape: 'Boolean', locationName: 'dryRun' },
        Odd: { shape: 'String', locationName: 'odd', queryName: 'Strange' },
      },
    },
    DeleteVolumeRequest: { type: 'structure', required: ['VolumeId'], members: { VolumeId: { shape: 'String' } } },
    DescribeInstancesResult: {
      type: 'structure',
      members: { Instances: { shape: 'Instances', locationName: 'instancesSet' } },
    },
    Instances: { type: 'list', member: { shape: 'Instance', locationName: 'item' } },
    Instance: {
      type: 'structure',
      members: {
        InstanceId: { shape: 'String', locationName: 'instanceId' },
        State: { shape: 'State', locationName: 'state' },
        LaunchTime: { shape: 'Date', locationName: 'launchTime' },
      },
    },
    InstanceIds: { type: 'list', member: { shape: 'String', locationName: 'InstanceId' } },
    Filters: { type: 'list', member: { shape: 'Filter', locationName: 'Filter' } },
    Filter: {
      type: 'structure',
      members: { Name: { shape: 'String' }, Values: { shape: 'Values', locationName: 'Value' } },
    },
    Values: { type: 'list', member: { shape: 'String', locationName: 'item' } },
    State: { type: 'string', enum: ['pending', 'running'] },
    Boolean: { type: 'boolean' },
    Date: { type: 'timestamp' },
    String: STRING,
  },
};

const STORE_SHAPES: ServiceModel['shapes'] = {
  PutItemRequest: {
    type: 'structure',
    required: ['Name', 'Key'],
    payload: 'Body',
    members: {
      Name: { shape: 'String', location: 'uri', locationName: 'Name' },
      Key: { shape: 'String', location: 'uri', locationName: 'Key' },
      Length: { shape: 'Integer', location: 'header', locationName: 'X-Amz-Item-Length' },
      Metadata: { shape: 'Metadata', location: 'headers', locationName: 'x-amz-meta-' },
      Body: { shape: 'Blob', streaming: true },
    },
  },
  PutItemOutput: {
    type: 'structure',
    members: {
      ETag: { shape: 'String', location: 'header', locationName: 'ETag' },
      Modified: { shape: 'Date', location: 'header', locationName: 'Last-Modified' },
    },
  },
  PutPartRequest: {
    type: 'structure',
    required: ['Name', 'Key', 'PartNumber'],
    payload: 'Body',
    members: {
      Name: { shape: 'String', location: 'uri', locationName: 'Name' },
      Key: { shape: 'String', location: 'uri', locationName: 'Key' },
      PartNumber: { shape: 'Integer', location: 'querystring', locationName: 'partNumber' },
      Body: { shape: 'Blob', streaming: true },
    },
  },
  ListItemsRequest: {
    type: 'structure',
    required: ['Name'],
    members: {
      Name: { shape: 'String', location: 'uri', locationName: 'Name' },
      MaxKeys: { shape: 'Integer', location: 'querystring', locationName: 'max-keys' },
    },
  },
  ListItemsOutput: {
    type: 'structure',
    members: { Truncated: { shape: 'Boolean' }, Items: { shape: 'Items' }, Count: { shape: 'Integer' } },
  },
  ConfigureRequest: {
    type: 'structure',
    required: ['Name', 'Size'],
    members: {
      Name: { shape: 'String', location: 'uri', locationName: 'Name' },
      Size: { shape: 'Integer' },
      Mode: { shape: 'Mode' },
    },
  },
  Items: { type: 'list', flattened: true, member: { shape: 'Item' } },
  Item: { type: 'structure', members: { Key: { shape: 'String' }, Modified: { shape: 'Date' } } },
  Metadata: { type: 'map', key: { shape: 'String' }, value: { shape: 'String' } },
  Mode: { type: 'string', enum: ['On', 'Off'] },
  Blob: { type: 'blob', streaming: true },
  Boolean: { type: 'boolean' },
  Date: { type: 'timestamp' },
  Integer: { type: 'integer' },
  String: STRING,
};

/** As S3 (rest-xml) and Lambda (rest-json): a store of items, whose operations share paths. */
export const restModel = (protocol: 'rest-xml' | 'rest-json'): ServiceModel => ({
  metadata: { protocol, apiVersion: '2006-03-01' },
  operations: {
    PutItem: {
      name: 'PutItem',
      http: { method: 'PUT', requestUri: '/{Name}/{Key+}' },
      input: { shape: 'PutItemRequest' },
      output: { shape: 'PutItemOutput' },
    },
    PutPart: {
      name: 'PutPart',
      http: { method: 'PUT', requestUri: '/{Name}/{Key+}' },
      input: { shape: 'PutPartRequest' },
    },
    ListItems: {
      name: 'ListItems',
      http: { method: 'GET', requestUri: '/{Name}?list-type=2' },
      input: { shape: 'ListItemsRequest' },
      output: { shape: 'ListItemsOutput' },
    },
    Configure: {
      name: 'Configure',
      http: { method: 'POST', requestUri: '/{Name}?configuration' },
      input: { shape: 'ConfigureRequest' },
    },
  },
  shapes: STORE_SHAPES,
});

export const EXCHANGE: Exchange = {
  method: 'POST',
  url: '/',
  requestHeaders: {},
  requestBody: Buffer.alloc(0),
  status: 200,
  answerHeaders: {},
  answerBody: Buffer.alloc(0),
};

export const jsonCall = (action: string, request: unknown, answer: unknown = {}, status = 200): Exchange => ({
  ...EXCHANGE,
  requestHeaders: { 'x-amz-target': `AmazonSSM.${action}`, 'content-type': 'application/x-amz-json-1.1' },
  requestBody: Buffer.from(JSON.stringify(request)),
  status,
  answerBody: Buffer.from(JSON.stringify(answer)),
});

export const formCall = (form: Record<string, string>, answer: string, status = 200): Exchange => ({
  ...EXCHANGE,
  requestHeaders: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  requestBody: Buffer.from(new URLSearchParams(form).toString()),
  status,
  answerBody: Buffer.from(answer),
});

/** `request: …` and `answer: …`, one text per problem. */
export function problemsOf(model: ServiceModel, exchange: Exchange): string[] {
  return check(model, exchange).problems.map(({ side, problem }) => `${side}: ${problem}`);
}

export function check(model: ServiceModel, exchange: Exchange): Checked {
  const checked = checkExchange(model, exchange);
  if (!checked) throw new Error('the exchange was not checked');
  return checked;
}
