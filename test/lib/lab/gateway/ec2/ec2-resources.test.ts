import type { ResourceHandler } from '../../../../../lib/lab/gateway/cloudformation/resource';
import { createResources } from '../../../../../lib/lab/gateway/ec2/ec2-resources';
import { FakeMinistack } from '../support/fake-ministack';

const CONTEXT = { logicalId: 'Thing', stackName: 'metals-lab-data' };

describe('resources', () => {
  let ministack: FakeMinistack;
  let handlers: Map<string, ResourceHandler>;
  const lines: string[] = [];
  /** Answers by action. */
  let answers: Record<string, string>;
  const forms = (action: string) =>
    ministack.requests.filter(({ form }) => form.Action === action).map(({ form }) => form);
  const json = (target: string) =>
    ministack.requests.filter(({ headers }) => headers['x-amz-target'] === target).map(({ body }) => JSON.parse(body));

  beforeEach(async () => {
    ministack = await new FakeMinistack().start();
    answers = {};
    lines.length = 0;
    ministack.answer = ({ form, headers }) => {
      const body = answers[form.Action ?? String(headers['x-amz-target']).split('.')[1]!];
      if (body?.startsWith('error:'))
        return { status: 400, body: `<Error><Code>${body.slice(6)}</Code><Message>m</Message></Error>` };
      return { body: body ?? (headers['x-amz-target'] ? '{}' : '<ok/>') };
    };
    handlers = new Map(
      createResources(ministack.upstream, (subject, text) => void lines.push(`${subject}: ${text}`)).map((h) => [
        h.type,
        h,
      ]),
    );
  });
  afterEach(() => ministack.stop());

  describe('AWS::EC2::EIP', () => {
    it('answers the address, and its allocation as an attribute', async () => {
      answers.AllocateAddress = '<r><publicIp>52.1.2.3</publicIp><allocationId>eipalloc-1</allocationId></r>';
      const result = await handlers.get('AWS::EC2::EIP')!.create({ Tags: [{ Key: 'Name', Value: 'a' }] }, CONTEXT);
      expect(result).toEqual({
        physicalId: '52.1.2.3',
        attributes: { AllocationId: 'eipalloc-1', PublicIp: '52.1.2.3' },
      });
      expect(forms('CreateTags')[0]).toMatchObject({
        'ResourceId.1': 'eipalloc-1',
        'Tag.1.Key': 'Name',
        'Tag.1.Value': 'a',
      });
    });

    it('is deleted by its allocation, twice if need be', async () => {
      answers.DescribeAddresses = '<r><allocationId>eipalloc-1</allocationId></r>';
      answers.ReleaseAddress = 'error:InvalidAllocationID.NotFound';
      await handlers.get('AWS::EC2::EIP')!.delete('52.1.2.3', {});
      expect(forms('ReleaseAddress')[0]).toMatchObject({ AllocationId: 'eipalloc-1' });
    });

    it('fails when ministack answers something else', async () => {
      answers.AllocateAddress = '<r/>';
      await expect(handlers.get('AWS::EC2::EIP')!.create({}, CONTEXT)).rejects.toThrow('has no <allocationId>');
    });
  });

  it('AWS::EC2::NatGateway drops the tags that the template dropped', async () => {
    await handlers.get('AWS::EC2::NatGateway')!.update!(
      'nat-1',
      { Tags: [{ Key: 'a', Value: '2' }] },
      {
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'b', Value: '1' },
        ],
      },
      CONTEXT,
    );
    expect(forms('DeleteTags')[0]).toMatchObject({ 'ResourceId.1': 'nat-1', 'Tag.1.Key': 'b' });
    expect(forms('CreateTags')[0]).toMatchObject({ 'Tag.1.Key': 'a', 'Tag.1.Value': '2' });
  });

  describe('AWS::EC2::SecurityGroupIngress', () => {
    const rule = {
      GroupId: 'sg-1',
      IpProtocol: 'tcp',
      FromPort: '2377',
      ToPort: '2377',
      SourceSecurityGroupId: 'sg-2',
    };

    it('opens the port to the other group, and closes it', async () => {
      const handler = handlers.get('AWS::EC2::SecurityGroupIngress')!;
      const { physicalId } = await handler.create(rule, CONTEXT);
      expect(physicalId).toMatch(/^sgr-[0-9a-f]{17}$/);
      const permission = {
        GroupId: 'sg-1',
        'IpPermissions.1.IpProtocol': 'tcp',
        'IpPermissions.1.FromPort': '2377',
        'IpPermissions.1.Groups.1.GroupId': 'sg-2',
      };
      expect(forms('AuthorizeSecurityGroupIngress')[0]).toMatchObject(permission);
      await handler.delete(physicalId, rule);
      expect(forms('RevokeSecurityGroupIngress')[0]).toMatchObject(permission);
    });

    it('is gone with its group', async () => {
      answers.RevokeSecurityGroupIngress = 'error:InvalidGroup.NotFound';
      await handlers.get('AWS::EC2::SecurityGroupIngress')!.delete('sgr-1', rule);
      answers.RevokeSecurityGroupIngress = 'error:DependencyViolation';
      await expect(handlers.get('AWS::EC2::SecurityGroupIngress')!.delete('sgr-1', rule)).rejects.toThrow(
        'ec2 RevokeSecurityGroupIngress: DependencyViolation: m',
      );
    });
  });

  describe('AWS::IAM::InstanceProfile', () => {
    it('answers its name for Ref, generated from stack and resource', async () => {
      answers.CreateInstanceProfile = '<r><Arn>arn:aws:iam::000000000000:instance-profile/x</Arn></r>';
      const result = await handlers.get('AWS::IAM::InstanceProfile')!.create({ Roles: ['role'] }, CONTEXT);
      expect(result.physicalId).toMatch(/^metals-lab-data-Thing-[0-9a-f]{12}$/);
      expect(result.attributes).toEqual({ Arn: 'arn:aws:iam::000000000000:instance-profile/x' });
      expect(forms('AddRoleToInstanceProfile')[0]).toMatchObject({
        InstanceProfileName: result.physicalId,
        RoleName: 'role',
      });
    });

    it('is deleted after its roles were taken out', async () => {
      await handlers.get('AWS::IAM::InstanceProfile')!.delete('profile', { Roles: ['role'] });
      expect(ministack.actions()).toEqual(['RemoveRoleFromInstanceProfile', 'DeleteInstanceProfile']);
    });
  });

  describe('AWS::SecretsManager::Secret', () => {
    const GENERATE = {
      SecretStringTemplate: '{"user":"admin"}',
      GenerateStringKey: 'password',
      ExcludePunctuation: 'true',
      PasswordLength: '24',
    };
    const handler = () => handlers.get('AWS::SecretsManager::Secret')!;
    beforeEach(() => {
      answers.CreateSecret = '{"ARN":"arn:secret"}';
      answers.GetRandomPassword = '{"RandomPassword":"generated"}';
    });

    it('answers the ARN for Ref, and generates what the template asks for', async () => {
      const result = await handler().create({ Name: 'metals/lab/x', GenerateSecretString: GENERATE }, CONTEXT);
      expect(result).toEqual({ physicalId: 'arn:secret', attributes: { Id: 'arn:secret' } });
      expect(json('secretsmanager.GetRandomPassword')[0]).toMatchObject({
        PasswordLength: 24,
        ExcludePunctuation: true,
        IncludeSpace: false,
        RequireEachIncludedType: true,
      });
      expect(json('secretsmanager.CreateSecret')[0]).toMatchObject({
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
      expect(json('secretsmanager.UpdateSecret')).toEqual([{ SecretId: 'arn:secret', Description: 'b' }]);
      expect(json('secretsmanager.UntagResource')).toEqual([{ SecretId: 'arn:secret', TagKeys: ['k'] }]);
      await handler().update!('arn:secret', { SecretString: 'new' }, old, CONTEXT);
      expect(json('secretsmanager.UpdateSecret')[1]).toMatchObject({ SecretString: 'new' });
    });
  });

  it('AWS::SecretsManager::RotationSchedule announces that nothing rotates', async () => {
    answers.DescribeSecret = '{"ARN":"arn:secret"}';
    const { physicalId } = await handlers
      .get('AWS::SecretsManager::RotationSchedule')!
      .create({ SecretId: 's' }, CONTEXT);
    expect(physicalId).toBe('arn:secret');
    expect(lines[0]).toMatch(/^stand-in: rotation schedule Thing of arn:secret is a record only/);
    expect(json('secretsmanager.RotateSecret')).toEqual([]);
  });

  it('AWS::EC2::FlowLog announces that nothing is logged', async () => {
    answers.CreateFlowLogs = '<r><item>fl-1</item></r>';
    expect((await handlers.get('AWS::EC2::FlowLog')!.create({ ResourceId: 'vpc-1' }, CONTEXT)).physicalId).toBe('fl-1');
    expect(lines[0]).toMatch(/^stand-in: flow log Thing \(fl-1\) is a record only/);
  });
});
