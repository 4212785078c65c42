import type http from 'node:http';
import { AwsError } from '../../../../../lib/lab/gateway/errors';
import { errorReply, parseRequest } from '../../../../../lib/lab/gateway/front-door/wire';

const FORM = 'application/x-www-form-urlencoded; charset=utf-8';
const message = (headers: http.IncomingHttpHeaders, url = '/') =>
  ({ headers, url, method: 'POST' }) as http.IncomingMessage;

describe('parseRequest', () => {
  it('reads a form', () => {
    const body = Buffer.from('Action=RunInstances&InstanceId.1=i-1&Name=a%20b');
    expect(parseRequest(message({ 'content-type': FORM }), body)).toEqual({
      action: 'RunInstances',
      params: { Action: 'RunInstances', 'InstanceId.1': 'i-1', Name: 'a b' },
    });
  });

  it('reads a JSON target', () => {
    const request = message({ 'x-amz-target': 'AmazonSSM.SendCommand' });
    expect(parseRequest(request, Buffer.from('{"A":[1]}'))).toEqual({ action: 'SendCommand', params: { A: [1] } });
    expect(() => parseRequest(request, Buffer.from('{'))).toThrow("the request's body is not JSON");
  });

  it('reads a query', () => {
    expect(parseRequest(message({}, '/?Action=GetCallerIdentity'), Buffer.from('')).action).toBe('GetCallerIdentity');
  });
});

describe('errorReply', () => {
  const error = new AwsError('Bad<Code', 'it "failed" & more');

  it.each<[string, string, http.IncomingHttpHeaders, RegExp]>([
    ['JSON', 'ssm', { 'x-amz-target': 'AmazonSSM.X' }, /^\{"__type":"Bad<Code","message":"it \\"failed\\" & more"\}$/],
    [
      'query',
      'cloudformation',
      { 'content-type': FORM },
      /<ErrorResponse><Error><Type>Sender<\/Type><Code>Bad&lt;Code<\/Code>/,
    ],
    [
      'EC2',
      'ec2',
      { 'content-type': FORM },
      /<Response><Errors><Error><Code>Bad&lt;Code<\/Code><Message>it &quot;failed&quot; &amp; more</,
    ],
    ['S3', 's3', {}, /<Error><Code>Bad&lt;Code<\/Code>/],
    ['REST', 'lambda', {}, /^\{"code":"Bad<Code",/],
  ])('is a 400 in the format of %s', (_format, service, headers, body) => {
    const reply = errorReply(service, message(headers), error);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatch(body);
  });
});
