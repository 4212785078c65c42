import { rolePolicyReader } from '../../../../../lib/lab/gateway/authorization/policies';
import { FakeMinistack } from '../support/fake-ministack';

const INLINE = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::a+b/*' }],
};
const MANAGED = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'logs:PutLogEvents', Resource: '*' }] };
const ARN = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

const encoded = (document: unknown) => encodeURIComponent(JSON.stringify(document));
/** As ministack 1.5.33 answers it: the profile of an instance names the role once more, in the middle. */
const role = (name: string, inline: string, attached: string) =>
  `<member><RoleName>${name}</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::000000000000:role/${name}</Arn>` +
  `<AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument><RolePolicyList>${inline}</RolePolicyList>` +
  `<AttachedManagedPolicies>${attached}</AttachedManagedPolicies><InstanceProfileList><member><Roles><member>` +
  `<RoleName>${name}</RoleName></member></Roles></member></InstanceProfileList></member>`;
const DETAILS =
  '<RoleDetailList>' +
  role('none', '', '') +
  role(
    'both',
    `<member><PolicyName>a&amp;b</PolicyName><PolicyDocument>${encoded(INLINE)}</PolicyDocument></member>`,
    `<member><PolicyName>AWSLambdaBasicExecutionRole</PolicyName><PolicyArn>${ARN}</PolicyArn></member>`,
  ) +
  '</RoleDetailList>';

describe('the policies of roles', () => {
  let ministack: FakeMinistack;
  beforeAll(async () => {
    ministack = await new FakeMinistack().start();
  });
  afterAll(() => ministack.stop());

  it('are the inline and the managed ones, each role’s own', async () => {
    ministack.answer = ({ form }) => {
      if (form.Action === 'GetPolicy') return { body: '<DefaultVersionId>v3</DefaultVersionId>' };
      if (form.Action === 'GetPolicyVersion' && form.VersionId === 'v3')
        return { body: `<Document>${encoded(MANAGED)}</Document>` };
      return { body: DETAILS };
    };
    expect([...(await rolePolicyReader(ministack.upstream)())]).toEqual([
      ['none', []],
      [
        'both',
        [
          { name: 'a&b', policy: INLINE },
          { name: ARN, policy: MANAGED },
        ],
      ],
    ]);
    expect(ministack.requests[0]!.form).toMatchObject({ 'Filter.member.1': 'Role' });
  });

  it('are read anew each time, except AWS’s own', async () => {
    const answers: Record<string, string> = {
      GetPolicy: '<DefaultVersionId>v1</DefaultVersionId>',
      GetPolicyVersion: `<Document>${encoded(MANAGED)}</Document>`,
    };
    const own = 'arn:aws:iam::000000000000:policy/own';
    const attached = [ARN, own].map((arn) => `<member><PolicyArn>${arn}</PolicyArn></member>`).join('');
    ministack.answer = ({ form }) => ({ body: answers[form.Action!] ?? role('both', '', attached) });
    const read = rolePolicyReader(ministack.upstream);
    await read();
    ministack.reset();
    expect((await read()).get('both')).toHaveLength(2);
    expect(ministack.requests.map(({ form }) => form.PolicyArn)).toEqual([undefined, own, own]);
  });

  it('are not guessed where a managed policy cannot be read, which concerns its own roles alone', async () => {
    ministack.answer = ({ form }) =>
      form.Action === 'GetPolicy'
        ? { status: 404, body: '<Code>NoSuchEntity</Code><Message>gone</Message>' }
        : { body: DETAILS };
    const policies = await rolePolicyReader(ministack.upstream)();
    expect(policies.get('none')).toEqual([]);
    expect(String(policies.get('both'))).toContain(
      `the managed policy ${ARN} cannot be read: iam GetPolicy: NoSuchEntity`,
    );
  });

  it('leave out an attachment of AWS::NoValue', async () => {
    const attached = '<member><PolicyName></PolicyName><PolicyArn></PolicyArn></member>';
    ministack.answer = () => ({ body: role('publishing', '', attached) });
    expect([...(await rolePolicyReader(ministack.upstream)())]).toEqual([['publishing', []]]);
  });
});
