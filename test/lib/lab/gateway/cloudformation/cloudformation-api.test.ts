import { createCloudFormation, objectPath } from '../../../../../lib/lab/gateway/cloudformation/cloudformation-api';
import { escapeXml } from '../../../../../lib/lab/gateway/front-door/xml';
import { FakeMinistack } from '../support/fake-ministack';
import { formRequest } from '../support/requests';
import type { Interceptor } from '../../../../../lib/lab/gateway/types';

const TOKEN = 'arn:aws:lambda:eu-west-1:000000000000:function:metals-lab-resources';
const VOLUME = { Resources: { V: { Type: 'AWS::EC2::Volume', Properties: { Size: 8 } } } };
const REWRITTEN = {
  Resources: { V: { Type: 'Custom::AWS-EC2-Volume', Properties: { ServiceToken: TOKEN, Size: 8 } } },
};

describe('CloudFormation', () => {
  let ministack: FakeMinistack;
  let intercept: Interceptor;
  const objects = new Map<string, string>();

  beforeEach(async () => {
    ministack = await new FakeMinistack().start();
    objects.clear();
    ministack.answer = ({ method, url, body }) => {
      if (method === 'PUT') objects.set(url, body);
      if (method === 'GET') return { status: objects.has(url) ? 200 : 404, body: objects.get(url) };
      return { body: '<r><ResourceType>Custom::AWS-EC2-Volume</ResourceType></r>' };
    };
    intercept = createCloudFormation({
      upstream: ministack.upstream,
      served: new Set(['AWS::EC2::Volume']),
      emulated: new Set(['AWS::S3::Bucket']),
      serviceToken: TOKEN,
      bucket: 'templates',
    });
  });
  afterEach(() => ministack.stop());

  const create = (params: Record<string, string>) =>
    intercept(formRequest('cloudformation', { Action: 'CreateChangeSet', StackName: 's', ...params }));
  const forwardedForm = () => ministack.requests.find(({ form }) => form.Action)!.form;

  it.each([
    ['in the form', { TemplateBody: JSON.stringify(VOLUME) }],
    ['as YAML', { TemplateBody: 'Resources:\n  V:\n    Type: AWS::EC2::Volume\n    Properties: { Size: 8 }\n' }],
    ['in path style', { TemplateURL: 'https://s3.eu-west-1.amazonaws.com/assets/t.json' }],
    ['in host style', { TemplateURL: 'https://assets.s3.eu-west-1.amazonaws.com/t.json' }],
  ])('rewrites a template %s, and removes it again', async (_where, params) => {
    objects.set('/assets/t.json', JSON.stringify(VOLUME));
    const reply = await create(params as unknown as Record<string, string>);
    const { TemplateURL, TemplateBody } = forwardedForm();
    expect(TemplateBody).toBeUndefined();
    const stored = objects.get(new URL(TemplateURL!).pathname);
    expect(JSON.parse(stored!)).toEqual(REWRITTEN);
    expect(ministack.requests.at(-1)).toMatchObject({ method: 'DELETE', url: new URL(TemplateURL!).pathname });
    expect(reply!.body).toBe('<r><ResourceType>AWS::EC2::Volume</ResourceType></r>');
  });

  it.each([
    ['in the form', 51_201, 'TemplateBody', 'Member must have length less than or equal to 51200'],
    ['in a bucket', 1_000_001, 'TemplateURL', 'Template may not exceed 1000000 bytes in size.'],
  ])('refuses a template %s that is too large, as CloudFormation does', async (_where, bytes, way, message) => {
    const text = JSON.stringify(VOLUME).padEnd(bytes);
    objects.set('/assets/t.json', text);
    const value = way === 'TemplateBody' ? text : 'https://s3.eu-west-1.amazonaws.com/assets/t.json';
    await expect(create({ [way]: value })).rejects.toThrow(message);
    objects.set('/assets/t.json', text.slice(0, -1));
    await create({ [way]: value.slice(0, bytes - 1) });
    expect(forwardedForm().StackName).toBe('s');
  });

  it('forwards to the byte what needs no rewriting', async () => {
    const TemplateBody = '{"Resources":{"B":{"Type":"AWS::S3::Bucket"}}}';
    await create({ TemplateBody });
    expect(ministack.requests).toHaveLength(1);
    expect(forwardedForm().TemplateBody).toBe(TemplateBody);
  });

  it('refuses a type that nobody serves, before anything is created', async () => {
    const TemplateBody = '{"Resources":{"I":{"Type":"AWS::EC2::Instance"}}}';
    await expect(create({ TemplateBody })).rejects.toMatchObject({
      code: 'ValidationError',
      message: expect.stringContaining('the lab serves no resource type AWS::EC2::Instance (I)'),
    });
    expect(ministack.requests).toEqual([]);
  });

  it('refuses a template that is not there', async () => {
    await expect(create({ TemplateURL: 'https://s3.amazonaws.com/b/none.json' })).rejects.toThrow(
      'Template not found at https://s3.amazonaws.com/b/none.json (404)',
    );
    await expect(create({ TemplateURL: 'none.json' })).rejects.toThrow('TemplateURL is no URL: none.json');
  });

  it('restores the template in GetTemplate', async () => {
    ministack.answer = () => ({ body: `<r><TemplateBody>${escapeXml(JSON.stringify(REWRITTEN))}</TemplateBody></r>` });
    const reply = await intercept(formRequest('cloudformation', { Action: 'GetTemplate', StackName: 's' }));
    expect(reply!.body).toBe(`<r><TemplateBody>${escapeXml(JSON.stringify(VOLUME))}</TemplateBody></r>`);
  });

  it('leaves a template in GetTemplate that was never rewritten', async () => {
    const body = '<r><TemplateBody>Resources: # kept\n  B: {Type: AWS::S3::Bucket}</TemplateBody></r>';
    ministack.answer = () => ({ body });
    const reply = await intercept(formRequest('cloudformation', { Action: 'GetTemplate', StackName: 's' }));
    expect(reply!.body).toBe(body);
  });
});

describe('objectPath', () => {
  it.each([
    ['https://s3.amazonaws.com/b/k.json', '/b/k.json'],
    ['https://b.s3.amazonaws.com/k.json', '/b/k.json'],
    ['https://b.with.dots.s3-eu-west-1.amazonaws.com/k.json', '/b.with.dots/k.json'],
    ['http://127.0.0.1:4566/b/k.json', '/b/k.json'],
  ])('%s is %s', (url, path) => expect(objectPath(url)).toBe(path));
});
