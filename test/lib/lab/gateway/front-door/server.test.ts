import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import { AwsError } from '../../../../../lib/lab/gateway/errors';
import { issueToken } from '../../../../../lib/lab/gateway/ecr/registry';
import { createServer, type ServerDependencies } from '../../../../../lib/lab/gateway/front-door/server';
import { FakeMinistack } from '../support/fake-ministack';
import { SECRET, send, sendSigned } from '../support/requests';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TARGET = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' };

describe('the gateway', () => {
  let ministack: FakeMinistack;
  const servers: http.Server[] = [];
  const logged: string[] = [];
  const events: unknown[] = [];
  const exchanges: { service: string; request: string; status: number }[] = [];
  let port: number;
  let trustedPort: number;
  const times: number[] = [];
  let refuseForRate: (service: string, action: string) => void;

  beforeAll(async () => {
    ministack = await new FakeMinistack().start();
    const dependencies: ServerDependencies = {
      upstream: ministack.upstream,
      log: (subject, text) => void logged.push(`${subject}: ${text}`),
      authentication: {
        labSecret: SECRET,
        credentialOf: (accessKeyId) =>
          accessKeyId === '000000000000' ? { accessKeyId, secretAccessKey: SECRET } : undefined,
        functionOf: async () => undefined,
      },
      interceptors: {
        ssm: [
          async ({ action, params }) => {
            if (action === 'Refuse') throw new AwsError('InvalidDocument', 'no such document');
            if (action === 'Break') throw new Error('unexpected');
            return action === 'Echo'
              ? { status: 200, contentType: 'application/json', body: JSON.stringify(params) }
              : undefined;
          },
        ],
        ec2: [],
      },
      authorizer: { authorize: () => Promise.reject(new Error('the deployer is not judged')) },
      throttle: { check: (service, action) => refuseForRate(service, action) },
      iamReport: () => Promise.resolve({ calls: [] }),
      applyAssociationsDue: (now) => void times.push(now),
      shapes: {
        observe: (service, _message, response) => {
          const exchange = { service, request: '', status: 0 };
          exchanges.push(exchange);
          response.on('finish', () => (exchange.status = response.statusCode));
          return (part) => void (exchange.request += part.toString());
        },
      },
      metadata: (_message, response) => void response.end('i-123'),
      upgrade: () => undefined,
      status: () => Promise.resolve({ instances: [] }),
      resourceEvent: (event) => void events.push(event),
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
    refuseForRate = () => undefined;
    ministack.answer = () => ({ body: '<ok/>' });
    logged.length = 0;
    exchanges.length = 0;
  });

  describe('refuses, before anything reaches ministack,', () => {
    afterEach(() => expect(ministack.requests).toEqual([]));

    it('an unsigned request, in the format of its service', async () => {
      const reply = await send(port, { headers: JSON_TARGET, body: '{}' });
      expect(reply.status).toBe(403);
      expect(JSON.parse(reply.body)).toEqual({
        __type: 'MissingAuthenticationToken',
        message: 'the request is not signed; run ". .lab/env" and try again',
      });
    });

    it('a request signed with another secret', async () => {
      const reply = await sendSigned(port, {
        service: 'ec2',
        secret: 'test',
        headers: FORM,
        body: 'Action=DescribeVpcs',
      });
      expect(reply.status).toBe(403);
      expect(reply.body).toContain('<Code>SignatureDoesNotMatch</Code>');
    });

    it('a body that is not the one signed', async () => {
      const headers = { ...JSON_TARGET, 'x-amz-content-sha256': '0'.repeat(64) };
      expect((await sendSigned(port, { headers, body: '{}' })).body).toContain('XAmzContentSHA256Mismatch');
    });

    it('a call for its rate, in the format of its service, but none of ministack’s own', async () => {
      const asked: string[] = [];
      refuseForRate = (...call) => {
        asked.push(call.join(' '));
        throw new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503);
      };
      const body = 'Action=DescribeVolumes';
      const reply = await sendSigned(port, { service: 'ec2', headers: FORM, body });
      expect([reply.status, asked]).toEqual([503, ['ec2 DescribeVolumes']]);
      expect(reply.body).toContain('<Errors><Error><Code>RequestLimitExceeded</Code>');
      await sendSigned(trustedPort, { service: 'ec2', headers: FORM, body });
      expect([asked.length, ministack.requests.splice(0).length]).toEqual([1, 1]);
    });

    it('another region, naming it', async () => {
      const reply = await sendSigned(port, { region: 'us-west-2', headers: JSON_TARGET, body: '{}' });
      expect(reply.status).toBe(400);
      expect(JSON.parse(reply.body).message).toBe(
        "the request is for region 'us-west-2', expected 'eu-west-1', the only one that the lab has; " +
          'run ". .lab/env", or set AWS_REGION=eu-west-1 and AWS_DEFAULT_REGION=eu-west-1',
      );
    });

    it('a web page, even when its request is signed', async () => {
      const unsignedHeaders = { origin: 'https://example.com' };
      expect((await sendSigned(port, { headers: JSON_TARGET, body: '{}', unsignedHeaders })).status).toBe(403);
      expect((await send(port, { method: 'GET', path: '/_lab/status', headers: unsignedHeaders })).status).toBe(403);
    });

    it('a web page whose name was rebound to the lab', async () => {
      const reply = await send(port, { method: 'GET', path: '/_lab/status', headers: { host: 'evil.example:4566' } });
      expect(reply.status).toBe(403);
    });

    it.each([
      '/_ministack/reset',
      '/_ministack/cfn-response/token',
      '/_localstack/health',
      '/_lab/resource',
      '/_lab/associations-in-an-hour',
    ])('%s', async (path) => expect((await sendSigned(port, { path, body: '{}' })).status).toBe(404));

    it('a command that ministack would only pretend to run', async () => {
      for (const listener of [port, trustedPort]) {
        const reply = await sendSigned(listener, { service: 'ec2', headers: FORM, body: 'Action=CreateFleet' });
        expect(reply.status).toBe(400);
        expect(reply.body).toContain('the lab does not implement ec2:CreateFleet');
      }
    });

    it('the registry without its token', async () => {
      const reply = await send(port, { method: 'GET', path: '/v2/' });
      expect(reply.status).toBe(401);
      expect(reply.headers['www-authenticate']).toMatch(/^Basic /);
    });

    it('what an interceptor refuses, and its failures with a log line', async () => {
      const target = (action: string) => ({ ...JSON_TARGET, 'x-amz-target': `AmazonSSM.${action}` });
      const refused = await sendSigned(port, { headers: target('Refuse'), body: '{}' });
      expect(JSON.parse(refused.body)).toEqual({ __type: 'InvalidDocument', message: 'no such document' });
      const broken = await sendSigned(port, { headers: target('Break'), body: '{}' });
      expect(broken.status).toBe(400);
      expect(JSON.parse(broken.body)).toEqual({ __type: 'LabGatewayFailure', message: 'unexpected' });
      expect(logged.join('\n')).toContain('unexpected');
    });
  });

  it('shows every authenticated exchange to the checks of shapes, once and with the whole request', async () => {
    const target = (action: string) => ({ ...JSON_TARGET, 'x-amz-target': `AmazonSSM.${action}` });
    await sendSigned(port, { headers: target('Echo'), body: '{"a":1}' });
    await sendSigned(port, { headers: target('Refuse'), body: '{}' });
    await sendSigned(port, { service: 'ec2', headers: FORM, body: 'Action=DescribeVpcs' });
    await sendSigned(port, { service: 'lambda', method: 'POST', path: '/2015-03-31/functions', body: '{"b":2}' });
    await send(port, { headers: JSON_TARGET, body: '{}' });
    await send(port, { method: 'GET', path: '/_lab/health' });
    expect(exchanges).toEqual([
      { service: 'ssm', request: '{"a":1}', status: 200 },
      { service: 'ssm', request: '{}', status: 400 },
      { service: 'ec2', request: 'Action=DescribeVpcs', status: 200 },
      { service: 'lambda', request: '{"b":2}', status: 200 },
    ]);
  });

  it('lets an interceptor answer', async () => {
    const headers = { ...JSON_TARGET, 'x-amz-target': 'AmazonSSM.Echo' };
    expect((await sendSigned(port, { headers, body: '{"a":1}' })).body).toBe('{"a":1}');
    expect(ministack.requests).toEqual([]);
  });

  it('forwards what no interceptor answers, with its Host and its body', async () => {
    ministack.answer = () => ({ status: 400, headers: { 'x-note': 'yes' }, body: 'theirs' });
    const reply = await sendSigned(port, { headers: JSON_TARGET, body: '{"Name":"x"}' });
    expect([reply.status, reply.headers['x-note'], reply.body]).toEqual([400, 'yes', 'theirs']);
    expect(ministack.requests).toHaveLength(1);
    expect(ministack.requests[0]).toMatchObject({ body: '{"Name":"x"}', headers: { host: `127.0.0.1:${port}` } });
  });

  it('streams uploads that wait for 100-continue', async () => {
    const headers = { expect: '100-continue', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const body = 'x'.repeat(300_000);
    const reply = await sendSigned(port, { method: 'PUT', path: '/bucket/a%20key', service: 's3', headers, body });
    expect(reply.status).toBe(200);
    expect(ministack.requests[0]).toMatchObject({ method: 'PUT', url: '/bucket/a%20key' });
    expect(ministack.requests[0]!.body).toHaveLength(300_000);
  });

  it('lets docker in with the token', async () => {
    const authorization = `Basic ${issueToken(SECRET, new Date()).authorizationToken}`;
    expect((await send(port, { method: 'GET', path: '/v2/', headers: { authorization } })).status).toBe(200);
    expect(ministack.requests).toHaveLength(1);
  });

  it('answers us-east-1 for services without regions', async () => {
    const reply = await sendSigned(port, {
      service: 'iam',
      region: 'us-east-1',
      headers: FORM,
      body: 'Action=GetUser',
    });
    expect(reply.status).toBe(200);
  });

  it('answers metadata by Host, health, status and judged calls', async () => {
    const metadata = await send(port, { method: 'GET', path: '/latest/x', headers: { host: '169.254.169.254' } });
    expect(metadata.body).toBe('i-123');
    expect(JSON.parse((await send(port, { method: 'GET', path: '/_lab/health' })).body)).toEqual({ status: 'ok' });
    expect(JSON.parse((await send(port, { method: 'GET', path: '/_lab/status' })).body)).toEqual({ instances: [] });
    expect(JSON.parse((await send(port, { method: 'GET', path: '/_lab/iam' })).body)).toEqual({ calls: [] });
  });

  it('trusts its own container: no signature is checked, events and answers of custom resources pass', async () => {
    const reply = await sendSigned(trustedPort, { secret: 'test', headers: JSON_TARGET, body: '{}' });
    expect(reply.status).toBe(200);
    await send(trustedPort, { path: '/_lab/resource', body: '{"RequestType":"Create"}' });
    expect(events).toEqual([{ RequestType: 'Create' }]);
    await send(trustedPort, { method: 'PUT', path: '/_ministack/cfn-response/token', body: '{}' });
    expect(ministack.requests.at(-1)!.url).toBe('/_ministack/cfn-response/token');
  });

  it('lets an hour pass for associations, for its own container alone', async () => {
    expect((await send(trustedPort, { path: '/_lab/associations-in-an-hour', body: '' })).status).toBe(200);
    expect(times).toHaveLength(1);
    expect(times[0]! - Date.now()).toBeGreaterThan(3_590_000);
  });
});

describe('a gateway whose ministack is gone', () => {
  it('answers an error that SDKs do not retry', async () => {
    const ministack = await new FakeMinistack().start();
    await ministack.stop();
    const server = createServer(
      {
        upstream: ministack.upstream,
        log: () => undefined,
        authentication: {
          labSecret: SECRET,
          credentialOf: (accessKeyId) => ({ accessKeyId, secretAccessKey: SECRET }),
          functionOf: async () => undefined,
        },
        interceptors: {},
        authorizer: { authorize: () => Promise.resolve() },
        throttle: { check: () => undefined },
        iamReport: () => Promise.resolve({}),
        applyAssociationsDue: () => undefined,
        shapes: { observe: () => () => undefined },
        metadata: () => undefined,
        upgrade: () => undefined,
        status: () => Promise.resolve({}),
        resourceEvent: () => undefined,
      },
      false,
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const reply = await sendSigned((server.address() as AddressInfo).port, { headers: JSON_TARGET, body: '{}' });
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.body).__type).toBe('LabUnavailable');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
