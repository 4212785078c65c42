/** The functions of the custom resources against a server that refuses as AWS does before a grant is in effect. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { SSMClient, ListCommandsCommand } from '@aws-sdk/client-ssm';
import { throughLateGrants } from '../../../lib/constructs/late-grants';

const REFUSAL = 'User: arn:aws:sts::123456789012:assumed-role/r/f is not authorized to perform: the:Action';
// The handlers are compiled when they are first imported.
jest.setTimeout(60_000);

/** Not repeated by the SDK, and no refusal: it ends a function that has come past the refusals. */
const END = 'ValidationException';

/** Codes in turn; the last one for ever. */
let codes: string[];
let calls: number;

const server = http.createServer((request, response) => {
  calls += 1;
  const code = codes.length > 1 ? codes.shift()! : codes[0]!;
  const isJson = request.headers['x-amz-target'] !== undefined;
  response.writeHead(400, { 'content-type': isJson ? 'application/x-amz-json-1.1' : 'text/xml' });
  const error = `<Code>${code}</Code><Message>${REFUSAL}</Message>`;
  // EC2's errors have a form of their own.
  const isEc2 = String(request.headers.authorization).includes('/ec2/');
  response.end(
    isJson
      ? JSON.stringify({ __type: code, message: REFUSAL })
      : isEc2
        ? `<Response><Errors><Error>${error}</Error></Errors></Response>`
        : `<ErrorResponse><Error>${error}</Error></ErrorResponse>`,
  );
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIA0',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
});
afterAll(() => void server.close().closeAllConnections());
beforeEach(() => {
  calls = 0;
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
});

const RESOURCE = { StackId: 'stack', LogicalResourceId: 'r', PhysicalResourceId: 'p' };
const FUNCTIONS = {
  'kept-secrets': [
    'handler',
    'AccessDeniedException',
    { RequestType: 'Create', ResourceProperties: { Name: 's', Stage: 't', Principals: '' } },
  ],
  'kept-volumes': [
    'handler',
    'UnauthorizedOperation',
    { RequestType: 'Create', ResourceProperties: { Stage: 't', Slot: 'worker-1' } },
  ],
  'kept-volumes that roll back': [
    'handler',
    'AccessDenied',
    { RequestType: 'Update', ResourceProperties: { Stage: 't', Slot: 'worker-1' } },
  ],
  'run-command': [
    'onEvent',
    'AccessDeniedException',
    { RequestType: 'Create', ResourceProperties: { DocumentName: 'd', TargetValues: 'v', OnlineTimeoutSeconds: '1' } },
  ],
  'run-command of a slot that goes': [
    'onEvent',
    'AccessDenied',
    {
      RequestType: 'Delete',
      ResourceProperties: { OnDeleteDocumentName: 'd', OnDeleteWhen: 'removed', TargetValues: 'v' },
    },
  ],
  'run-command that is waited for': ['isComplete', 'AccessDeniedException', { Data: { CommandId: 'c', SentAt: '' } }],
} as const;

test.each(Object.entries(FUNCTIONS))(
  '%s goes on once its grant is in effect',
  async (name, [exported, code, event]) => {
    codes = [code, code, END];
    const module = (await import(`../../../lib/constructs/${name.split(' ')[0]}.handler`)) as Record<
      string,
      (event: unknown) => Promise<unknown>
    >;
    await expect(module[exported]!({ ...RESOURCE, ...event })).rejects.toThrow(REFUSAL);
    expect(calls).toBe(3);
  },
);

test('a grant that is missing ends as AWS’s refusal, with how long it was waited for', async () => {
  codes = ['AccessDeniedException'];
  const client = throughLateGrants(new SSMClient({}), 1);
  const began = Date.now();
  await expect(client.send(new ListCommandsCommand({}))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: `${REFUSAL} (refused for 1 s, longer than IAM takes to apply a new grant)`,
  });
  expect(calls).toBeGreaterThan(1);
  expect(Date.now() - began).toBeLessThan(10_000);
  client.destroy();
});

test('any other failure is told at once', async () => {
  codes = [END];
  const client = throughLateGrants(new SSMClient({}));
  await expect(client.send(new ListCommandsCommand({}))).rejects.toMatchObject({ name: END });
  expect(calls).toBe(1);
  client.destroy();
});
