import { createPublicParameters, LAB_AMI_ID } from '../../../../../lib/lab/gateway/services/public-parameters';
import { FakeMinistack } from '../support/fake-ministack';
import { jsonRequest } from '../support/requests';

const AMI = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64';

describe('public parameters', () => {
  let ministack: FakeMinistack;
  beforeEach(async () => (ministack = await new FakeMinistack().start()));
  afterEach(() => ministack.stop());
  const call = async (action: string, params: unknown) => {
    const reply = await createPublicParameters(ministack.upstream)(jsonRequest('ssm', action, params));
    return reply && JSON.parse(reply.body);
  };

  it('answer the image of the lab', async () => {
    expect((await call('GetParameter', { Name: AMI })).Parameter).toMatchObject({ Name: AMI, Value: LAB_AMI_ID });
    expect(ministack.requests).toEqual([]);
  });

  it('leave every other parameter to ministack', async () => {
    expect(await call('GetParameter', { Name: '/metals/lab/x' })).toBeUndefined();
    expect(await call('GetParameters', { Names: ['/a'] })).toBeUndefined();
    expect(await call('PutParameter', { Name: AMI })).toBeUndefined();
  });

  it('are merged with those of ministack', async () => {
    ministack.answer = () => ({ body: '{"Parameters":[{"Name":"/a"}],"InvalidParameters":["/b"]}' });
    const answer = await call('GetParameters', { Names: ['/a', AMI, '/b'] });
    expect(answer.Parameters.map(({ Name }: { Name: string }) => Name)).toEqual(['/a', AMI]);
    expect(answer.InvalidParameters).toEqual(['/b']);
    expect(JSON.parse(ministack.requests[0]!.body).Names).toEqual(['/a', '/b']);
  });
});
