/** Requests of instances and functions, from the wire to the denial on the wire. */
import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authorizer } from '../../../../../lib/lab/gateway/authorization/authorizer';
import { functionPrincipal, instancePrincipal } from '../../../../../lib/lab/gateway/authorization/principal';
import { issueToken } from '../../../../../lib/lab/gateway/ecr/registry';
import { createServer, type ServerDependencies } from '../../../../../lib/lab/gateway/front-door/server';
import type { LabRequest } from '../../../../../lib/lab/gateway/types';
import { NO_LOOKUPS } from '../authorization/support/lookups';
import { FakeMinistack } from '../support/fake-ministack';
import { SECRET, send, sendSigned, type Sent } from '../support/requests';

const grants = (Action: string[], Resource: string | string[]) => [
  { name: 'p', policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] } },
];
const POLICIES: Readonly<Record<string, ReturnType<typeof grants>>> = {
  node: [
    ...grants(['ssm:GetParameter'], 'arn:aws:ssm:*:*:parameter/own'),
    ...grants(['s3:PutObject'], 'arn:aws:s3:::bucket/own/*'),
    ...grants(['ecr:BatchGetImage'], 'arn:aws:ecr:*:*:repository/own'),
  ],
  function: grants(['lambda:InvokeFunction'], 'arn:aws:lambda:*:*:function:own'),
};
const NODE = instancePrincipal('node', 'i-1');

describe('calls of instances and functions', () => {
  let ministack: FakeMinistack;
  const servers: http.Server[] = [];
  const intercepted: LabRequest[] = [];
  let port: number;
  let trustedPort: number;

  beforeAll(async () => {
    ministack = await new FakeMinistack().start();
    const dependencies: ServerDependencies = {
      upstream: ministack.upstream,
      log: () => undefined,
      authentication: {
        labSecret: SECRET,
        credentialOf: (accessKeyId) => ({
          ...{ accessKeyId, secretAccessKey: SECRET },
          principal: accessKeyId === 'ASIANODE' ? NODE : undefined,
        }),
        functionOf: async (accessKeyId) =>
          accessKeyId === 'ASIAFUNCTION' ? functionPrincipal('function', 'f') : undefined,
      },
      authorizer: new Authorizer({
        mode: 'enforce',
        policies: { of: async (roleName) => POLICIES[roleName] ?? [], stated: async () => [] },
        lookups: NO_LOOKUPS,
        tagsOf: async () => ({}),
        recording: { add: () => undefined },
        log: () => undefined,
      }),
      throttle: { check: () => undefined },
      iamReport: async () => ({}),
      applyAssociationsDue: () => undefined,
      shapes: { observe: () => () => undefined },
      interceptors: { ssm: [async (request) => void intercepted.push(request) as undefined] },
      metadata: () => undefined,
      upgrade: () => undefined,
      status: async () => ({}),
      resourceEvent: () => undefined,
    };
    for (const trusted of [false, true]) {
      const server = createServer(dependencies, trusted);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      servers.push(server);
    }
    [port, trustedPort] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number];
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    for (const server of servers) server.closeAllConnections();
    await ministack.stop();
  });
  beforeEach(() => {
    ministack.reset();
    intercepted.length = 0;
  });

  const getParameter = (Name: string): Sent => ({
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' },
    body: JSON.stringify({ Name }),
  });

  it('pass where the role allows them, and interceptors hear who calls', async () => {
    const reply = await sendSigned(port, { ...getParameter('/own'), accessKeyId: 'ASIANODE' });
    expect(reply.status).toBe(200);
    expect(intercepted.map(({ principal }) => principal)).toEqual([NODE]);
    expect(ministack.requests).toHaveLength(1);
  });

  it('are denied before anybody answers them', async () => {
    const reply = await sendSigned(port, { ...getParameter('/other'), accessKeyId: 'ASIANODE' });
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.body)).toEqual({
      __type: 'AccessDeniedException',
      message:
        'User: arn:aws:sts::000000000000:assumed-role/node/i-1 is not authorized to perform: ssm:GetParameter on ' +
        'resource: arn:aws:ssm:eu-west-1:000000000000:parameter/other because no identity-based policy allows the ' +
        'ssm:GetParameter action',
    });
    expect([...intercepted, ...ministack.requests]).toEqual([]);
  });

  it('of the deployer and of ministack itself are not judged', async () => {
    expect((await sendSigned(port, getParameter('/other'))).status).toBe(200);
    expect((await sendSigned(trustedPort, getParameter('/other'))).status).toBe(200);
  });

  it('of a function are known by its key and judged by path', async () => {
    const invoke = (name: string) =>
      sendSigned(trustedPort, {
        ...{ accessKeyId: 'ASIAFUNCTION', service: 'lambda', body: '{}' },
        path: `/2015-03-31/functions/${name}/invocations`,
      });
    expect((await invoke('own')).status).toBe(200);
    expect(ministack.requests.map(({ body }) => body)).toEqual(['{}']);
    const denied = await invoke('other');
    expect(denied.status).toBe(403);
    expect(denied.headers['x-amzn-errortype']).toBe('AccessDeniedException');
    expect(ministack.requests).toHaveLength(1);
  });

  it('with S3 stream where they are allowed, whatever their size', async () => {
    const put = (key: string) =>
      sendSigned(port, {
        ...{ method: 'PUT', path: `/bucket/${key}`, service: 's3', accessKeyId: 'ASIANODE' },
        headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
        body: 'x'.repeat(300_000),
      });
    expect((await put('own/a')).status).toBe(200);
    expect(ministack.requests[0]!.body).toHaveLength(300_000);
    const denied = await put('other').catch((error: NodeJS.ErrnoException) => error.code);
    // The rest of the refused upload is not read: its sender may hear of that first.
    if (typeof denied === 'object') expect(denied.body).toContain('<Code>AccessDenied</Code>');
    else expect(['ECONNRESET', 'EPIPE']).toContain(denied);
    expect(ministack.requests).toHaveLength(1);
  });

  it('of Docker need what ECR asks for, by the role that got the token', async () => {
    const pull = (path: string, method = 'GET', principal: typeof NODE | undefined = NODE) => {
      const authorization = `Basic ${issueToken(SECRET, new Date(), principal).authorizationToken}`;
      return send(port, { method, path, headers: { authorization } });
    };
    expect((await pull('/v2/')).status).toBe(200);
    expect((await pull('/v2/own/manifests/latest')).status).toBe(200);
    const denied = await pull('/v2/other/manifests/latest');
    expect(denied.status).toBe(403);
    expect(JSON.parse(denied.body).errors[0]).toEqual({
      code: 'DENIED',
      message: expect.stringContaining(
        'ecr:BatchGetImage on resource: arn:aws:ecr:eu-west-1:000000000000:repository/other',
      ),
    });
    expect((await pull('/v2/own/blobs/sha256:0')).status).toBe(403);
    // A push is no call that the product's nodes make.
    expect((await pull('/v2/own/blobs/uploads/', 'POST')).body).toContain(
      'the lab cannot judge ecr:POST /v2/own/blobs',
    );
    const deployers = `Basic ${issueToken(SECRET, new Date()).authorizationToken}`;
    const pushed = await send(port, { path: '/v2/own/blobs/uploads/', headers: { authorization: deployers } });
    expect(pushed.status).toBe(200);
  });
});
