/** S3 and Lambda: method and path say the operation. */
import { arn, type OperationCall, type RequiredPermission } from '../operation';

/** Sub-resources that change nothing about what is asked for. */
const PLAIN_OBJECT_QUERIES = new Set([
  'x-id',
  'partNumber',
  'list-type',
  'prefix',
  'delimiter',
  'max-keys',
  'encoding-type',
]);

const OBJECT_ACTIONS: Readonly<Record<string, string>> = {
  GET: 's3:GetObject',
  HEAD: 's3:GetObject',
  PUT: 's3:PutObject',
  DELETE: 's3:DeleteObject',
};

/**
 * Objects, versions of objects, and listing: all that is mapped. undefined for any other sub-resource (`?acl`,
 * `?policy`…). Buckets stand in the path, since the lab's endpoint is an address.
 */
export function s3Permissions({ method, path, query }: OperationCall): readonly RequiredPermission[] | undefined {
  const names = [...query.keys()].filter((name) => !PLAIN_OBJECT_QUERIES.has(name) && !/^x-amz-/i.test(name));
  const [, bucket = '', ...rest] = path.split('/').map(decodeURIComponent);
  const key = rest.join('/');
  if (!bucket) return names.length === 0 ? [{ action: 's3:ListAllMyBuckets', resource: '*' }] : undefined;
  const bucketArn = `arn:aws:s3:::${bucket}`;
  if (key) {
    const action = OBJECT_ACTIONS[method];
    const versioned = names.length === 1 && names[0] === 'versionId' && action === 's3:GetObject';
    if (!action || !(names.length === 0 || versioned)) return undefined;
    return [{ action: versioned ? 's3:GetObjectVersion' : action, resource: `${bucketArn}/${key}` }];
  }
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  if (names.length === 0) {
    const prefix = query.get('prefix');
    return [{ action: 's3:ListBucket', resource: bucketArn, context: prefix === null ? {} : { 's3:prefix': prefix } }];
  }
  return names.length === 1 && names[0] === 'location'
    ? [{ action: 's3:GetBucketLocation', resource: bucketArn }]
    : undefined;
}

const FUNCTION_OPERATIONS: Readonly<Record<string, string>> = {
  'GET ': 'lambda:GetFunction',
  'GET /configuration': 'lambda:GetFunctionConfiguration',
  'POST /invocations': 'lambda:InvokeFunction',
};

/** `/2015-03-31/functions/<name or ARN>[/invocations|/configuration]`; undefined for anything else. */
export function lambdaPermissions({ method, path, query }: OperationCall): readonly RequiredPermission[] | undefined {
  const parts = /^\/\d{4}-\d\d-\d\d\/functions\/([^/]+)(\/[a-z-]+)?$/.exec(path);
  const action = parts ? FUNCTION_OPERATIONS[`${method} ${parts[2] ?? ''}`] : undefined;
  if (!parts || !action) return undefined;
  const named = decodeURIComponent(parts[1]!);
  const unqualified = named.startsWith('arn:') ? named : arn('lambda', `function:${named}`);
  const qualifier = query.get('Qualifier');
  return [{ action, resource: qualifier ? `${unqualified}:${qualifier}` : unqualified }];
}
