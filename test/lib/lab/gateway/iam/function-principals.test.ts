import { FunctionPrincipals } from '../../../../../lib/lab/gateway/iam/function-principals';
import { FakeMinistack } from '../support/fake-ministack';

describe('the function that has a key', () => {
  let ministack: FakeMinistack;
  beforeAll(async () => {
    ministack = await new FakeMinistack().start();
  });
  afterAll(() => ministack.stop());
  beforeEach(() => ministack.reset());

  it('is asked of STS with that key, once', async () => {
    ministack.answer = () => ({ body: '<Arn>arn:aws:sts::000000000000:assumed-role/role-a/function-a</Arn>' });
    const functions = new FunctionPrincipals(ministack.upstream);
    const principal = await functions.of('ASIA1');
    expect(principal).toEqual({
      roleName: 'role-a',
      sessionName: 'function-a',
      context: { 'lambda:SourceFunctionArn': 'arn:aws:lambda:eu-west-1:000000000000:function:function-a' },
    });
    expect(await functions.of('ASIA1')).toBe(principal);
    expect(ministack.requests).toHaveLength(1);
    expect(ministack.requests[0]!.headers.authorization).toContain('Credential=ASIA1/');
  });

  it('is nobody for ministack’s own key, and a key that STS does not know is refused', async () => {
    const functions = new FunctionPrincipals(ministack.upstream);
    expect(await functions.of('000000000000')).toBeUndefined();
    expect(ministack.requests).toEqual([]);
    // Of a key that it does not know, ministack says that it is the account's root.
    ministack.answer = () => ({ body: '<Arn>arn:aws:iam::000000000000:root</Arn>' });
    await expect(functions.of('ASIA2')).rejects.toMatchObject({ code: 'InvalidClientTokenId', status: 403 });
    ministack.answer = () => ({ body: '<Arn>arn:aws:sts::000000000000:assumed-role/role-a/function-a</Arn>' });
    expect(await functions.of('ASIA2')).toMatchObject({ roleName: 'role-a' });
  });
});
