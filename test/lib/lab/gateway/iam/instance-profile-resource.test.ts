import { instanceProfileResource } from '../../../../../lib/lab/gateway/iam/instance-profile-resource';
import { CONTEXT, ResourceBench } from '../support/resource-handler';

let bench: ResourceBench;
beforeEach(async () => (bench = await new ResourceBench().start()));
afterEach(() => bench.ministack.stop());

describe('AWS::IAM::InstanceProfile', () => {
  it('answers its name for Ref, generated from stack and resource', async () => {
    bench.answers.CreateInstanceProfile = '<r><Arn>arn:aws:iam::000000000000:instance-profile/x</Arn></r>';
    const result = await instanceProfileResource(bench.ministack.upstream).create({ Roles: ['role'] }, CONTEXT);
    expect(result.physicalId).toMatch(/^metals-lab-data-Thing-[0-9a-f]{12}$/);
    expect(result.attributes).toEqual({ Arn: 'arn:aws:iam::000000000000:instance-profile/x' });
    expect(bench.forms('AddRoleToInstanceProfile')[0]).toMatchObject({
      InstanceProfileName: result.physicalId,
      RoleName: 'role',
    });
  });

  it('is deleted after its roles were taken out', async () => {
    await instanceProfileResource(bench.ministack.upstream).delete('profile', { Roles: ['role'] });
    expect(bench.ministack.actions()).toEqual(['RemoveRoleFromInstanceProfile', 'DeleteInstanceProfile']);
  });
});
