import { secretResource } from '../../../../../lib/lab/gateway/secretsmanager/secret-resource';
import { CONTEXT, ResourceBench } from '../support/resource-handler';

let bench: ResourceBench;
beforeEach(async () => (bench = await new ResourceBench().start()));
afterEach(() => bench.ministack.stop());

describe('AWS::SecretsManager::Secret', () => {
  const GENERATE = {
    SecretStringTemplate: '{"user":"admin"}',
    GenerateStringKey: 'password',
    ExcludePunctuation: 'true',
    PasswordLength: '24',
  };
  const handler = () => secretResource(bench.ministack.upstream);
  beforeEach(() => {
    bench.answers.CreateSecret = '{"ARN":"arn:secret"}';
    bench.answers.GetRandomPassword = '{"RandomPassword":"generated"}';
  });

  it('answers the ARN for Ref, and generates what the template asks for', async () => {
    const result = await handler().create({ Name: 'metals/lab/x', GenerateSecretString: GENERATE }, CONTEXT);
    expect(result).toEqual({ physicalId: 'arn:secret', attributes: { Id: 'arn:secret' } });
    expect(bench.json('secretsmanager.GetRandomPassword')[0]).toMatchObject({
      PasswordLength: 24,
      ExcludePunctuation: true,
      IncludeSpace: false,
      RequireEachIncludedType: true,
    });
    expect(bench.json('secretsmanager.CreateSecret')[0]).toMatchObject({
      Name: 'metals/lab/x',
      SecretString: '{"user":"admin","password":"generated"}',
    });
  });

  it('refuses half a template', async () => {
    const half = { ...GENERATE, GenerateStringKey: undefined };
    await expect(handler().create({ GenerateSecretString: half }, CONTEXT)).rejects.toThrow('must come together');
  });

  it('keeps the value when something else changes', async () => {
    const old = { GenerateSecretString: GENERATE, Description: 'a', Tags: [{ Key: 'k', Value: 'v' }] };
    await handler().update!('arn:secret', { GenerateSecretString: { ...GENERATE }, Description: 'b' }, old, CONTEXT);
    expect(bench.json('secretsmanager.UpdateSecret')).toEqual([{ SecretId: 'arn:secret', Description: 'b' }]);
    expect(bench.json('secretsmanager.UntagResource')).toEqual([{ SecretId: 'arn:secret', TagKeys: ['k'] }]);
    await handler().update!('arn:secret', { SecretString: 'new' }, old, CONTEXT);
    expect(bench.json('secretsmanager.UpdateSecret')[1]).toMatchObject({ SecretString: 'new' });
  });
});
