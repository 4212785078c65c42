import { readToken } from '../../../../../lib/lab/gateway/ecr/registry';
import { createEcr, requireEveryImage } from '../../../../../lib/lab/gateway/ecr/ecr-api';
import { FakeMinistack } from '../support/fake-ministack';
import { jsonRequest, SECRET } from '../support/requests';

const AWS_NAME = '000000000000.dkr.ecr.eu-west-1.amazonaws.com';

describe('ECR', () => {
  let ministack: FakeMinistack;
  beforeEach(async () => (ministack = await new FakeMinistack().start()));
  afterEach(() => ministack.stop());
  const call = async (action: string, params: unknown, host?: string) =>
    JSON.parse((await createEcr(ministack.upstream, SECRET)(jsonRequest('ecr', action, params, host)))!.body);

  it('hands out a token that the registry takes, for the address that the caller used', async () => {
    const { authorizationData } = await call('GetAuthorizationToken', {}, '127.0.0.1:4599');
    expect(authorizationData[0].proxyEndpoint).toBe('http://127.0.0.1:4599');
    const authorization = `Basic ${authorizationData[0].authorizationToken}`;
    expect(readToken(authorization, SECRET, new Date())).toEqual({ principal: undefined });
    expect(ministack.requests).toEqual([]);
  });

  it.each([
    ['127.0.0.1:4566', '127.0.0.1:4566/app'],
    ['10.40.0.2:4566', `${AWS_NAME}/app`],
  ])('names the registry for a caller at %s', async (host, repositoryUri) => {
    ministack.answer = () => ({ body: JSON.stringify({ repositories: [{ repositoryUri: `${AWS_NAME}/app` }] }) });
    expect(await call('DescribeRepositories', {}, host)).toEqual({ repositories: [{ repositoryUri }] });
  });

  it('fails where an image is missing, as ECR does', async () => {
    ministack.answer = () => ({ body: '{"imageDetails":[]}' });
    await expect(call('DescribeImages', { imageIds: [{ imageTag: 'abc' }] })).rejects.toMatchObject({
      code: 'ImageNotFoundException',
    });
    expect(await call('DescribeImages', {})).toEqual({ imageDetails: [] });
  });

  it('passes an error on', async () => {
    ministack.answer = () => ({ status: 400, body: '{"__type":"RepositoryNotFoundException"}' });
    expect(await call('DescribeImages', { imageIds: [{}] })).toEqual({ __type: 'RepositoryNotFoundException' });
  });
});

describe('requireEveryImage', () => {
  it('takes an answer with all of them', () => {
    const text = '{"imageDetails":[{},{}]}';
    expect(requireEveryImage([{}, {}], text)).toBe(text);
    expect(() => requireEveryImage([{}, {}, {}], text)).toThrow('The image requested does not exist');
  });
});
