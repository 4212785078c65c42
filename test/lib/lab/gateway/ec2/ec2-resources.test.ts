/** The types of EC2 that need no node: addresses, gateways, rules. */
import { eipResource } from '../../../../../lib/lab/gateway/ec2/eip-resource';
import { natGatewayResource } from '../../../../../lib/lab/gateway/ec2/nat-gateway-resource';
import { securityGroupRuleResource } from '../../../../../lib/lab/gateway/ec2/security-group-rule-resource';
import { CONTEXT, ResourceBench } from '../support/resource-handler';

let bench: ResourceBench;
beforeEach(async () => (bench = await new ResourceBench().start()));
afterEach(() => bench.ministack.stop());

describe('AWS::EC2::EIP', () => {
  it('answers the address, and its allocation as an attribute', async () => {
    bench.answers.AllocateAddress = '<r><publicIp>52.1.2.3</publicIp><allocationId>eipalloc-1</allocationId></r>';
    const result = await eipResource(bench.ministack.upstream).create({ Tags: [{ Key: 'Name', Value: 'a' }] }, CONTEXT);
    expect(result).toEqual({
      physicalId: '52.1.2.3',
      attributes: { AllocationId: 'eipalloc-1', PublicIp: '52.1.2.3' },
    });
    expect(bench.forms('CreateTags')[0]).toMatchObject({
      'ResourceId.1': 'eipalloc-1',
      'Tag.1.Key': 'Name',
      'Tag.1.Value': 'a',
    });
  });

  it('is deleted by its allocation, twice if need be', async () => {
    bench.answers.DescribeAddresses = '<r><allocationId>eipalloc-1</allocationId></r>';
    bench.answers.ReleaseAddress = 'error:InvalidAllocationID.NotFound';
    await eipResource(bench.ministack.upstream).delete('52.1.2.3', {});
    expect(bench.forms('ReleaseAddress')[0]).toMatchObject({ AllocationId: 'eipalloc-1' });
  });

  it('fails when ministack answers something else', async () => {
    bench.answers.AllocateAddress = '<r/>';
    await expect(eipResource(bench.ministack.upstream).create({}, CONTEXT)).rejects.toThrow('has no <allocationId>');
  });
});

it('AWS::EC2::NatGateway drops the tags that the template dropped', async () => {
  await natGatewayResource(bench.ministack.upstream).update!(
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
  expect(bench.forms('DeleteTags')[0]).toMatchObject({ 'ResourceId.1': 'nat-1', 'Tag.1.Key': 'b' });
  expect(bench.forms('CreateTags')[0]).toMatchObject({ 'Tag.1.Key': 'a', 'Tag.1.Value': '2' });
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
    const handler = securityGroupRuleResource(bench.ministack.upstream, 'Ingress');
    const { physicalId } = await handler.create(rule, CONTEXT);
    expect(physicalId).toMatch(/^sgr-[0-9a-f]{17}$/);
    const permission = {
      GroupId: 'sg-1',
      'IpPermissions.1.IpProtocol': 'tcp',
      'IpPermissions.1.FromPort': '2377',
      'IpPermissions.1.Groups.1.GroupId': 'sg-2',
    };
    expect(bench.forms('AuthorizeSecurityGroupIngress')[0]).toMatchObject(permission);
    await handler.delete(physicalId, rule);
    expect(bench.forms('RevokeSecurityGroupIngress')[0]).toMatchObject(permission);
  });

  it('is gone with its group', async () => {
    bench.answers.RevokeSecurityGroupIngress = 'error:InvalidGroup.NotFound';
    await securityGroupRuleResource(bench.ministack.upstream, 'Ingress').delete('sgr-1', rule);
    bench.answers.RevokeSecurityGroupIngress = 'error:DependencyViolation';
    await expect(securityGroupRuleResource(bench.ministack.upstream, 'Ingress').delete('sgr-1', rule)).rejects.toThrow(
      'ec2 RevokeSecurityGroupIngress: DependencyViolation: m',
    );
  });
});
