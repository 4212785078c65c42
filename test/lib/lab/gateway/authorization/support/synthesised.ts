/** The product's own policies, as CloudFormation would make them: synthesised, with every reference resolved. */
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { context } from '../../../../../../cdk.json';
import { createStacks } from '../../../../../../lib/app';
import { readConfig } from '../../../../../../lib/config';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../../../../lib/contract';
import type { NamedPolicy } from '../../../../../../lib/lab/gateway/authorization/policies';

export const STAGE = 'test';

interface Resource {
  readonly Type: string;
  readonly Properties: any;
}
interface TemplateJson {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': LAB_ACCOUNT_ID,
  'AWS::Partition': 'aws',
  'AWS::Region': LAB_REGION,
  // One id stands for whichever stack asks for its own.
  'AWS::StackId': `arn:aws:cloudformation:${LAB_REGION}:${LAB_ACCOUNT_ID}:stack/own/1`,
};
const ARN = `${LAB_REGION}:${LAB_ACCOUNT_ID}`;

/** Made-up physical ids in the form of each type; AWS gives secrets a suffix of six characters. */
function physicalId(logicalId: string, { Type: type, Properties }: Partial<Resource> = {}): string {
  if (type === 'Custom::KeptSecret') return `arn:aws:secretsmanager:${ARN}:secret:${Properties.Name}-AbCdEf`;
  if (type === 'AWS::StepFunctions::StateMachine') return `arn:aws:states:${ARN}:stateMachine:${logicalId}`;
  return logicalId;
}

function resolver(templates: readonly TemplateJson[]) {
  const resources = new Map(templates.flatMap(({ Resources }) => Object.entries(Resources)));
  const outputs = new Map(templates.flatMap(({ Outputs = {} }) => Object.entries(Outputs)));
  const resolve = (value: any): any => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    if ('Ref' in value) return PSEUDO[value.Ref] ?? physicalId(value.Ref, resources.get(value.Ref));
    if ('Fn::GetStackOutput' in value) return resolve(outputs.get(value['Fn::GetStackOutput'].OutputName)!.Value);
    if ('Fn::Join' in value) return value['Fn::Join'][1].map(resolve).join(value['Fn::Join'][0]);
    if ('Fn::Sub' in value)
      return value['Fn::Sub'].replace(/\$\{([^}]+)\}/g, (_: string, name: string) => PSEUDO[name] ?? name);
    if ('Fn::GetAtt' in value) {
      const [logicalId, attribute] = value['Fn::GetAtt'];
      if (attribute !== 'Arn') return `${logicalId}-${attribute}`;
      const isFunction = resources.get(logicalId)?.Type === 'AWS::Lambda::Function';
      return isFunction ? `arn:aws:lambda:${ARN}:function:${logicalId}` : `arn:of:${logicalId}`;
    }
    const unknown = Object.keys(value).find((key) => key.startsWith('Fn::'));
    if (unknown) throw new Error(`the tests do not know ${unknown}: ${JSON.stringify(value)}`);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item)]));
  };
  return resolve;
}

/** Policies by the logical id of their role, and the logical ids of resources of a type. */
export function synthesise(settings: Readonly<Record<string, string>> = {}) {
  const values = {
    ...settings,
    account: LAB_ACCOUNT_ID,
    region: LAB_REGION,
    amiId: 'ami-0123456789abcdef0',
    stage: STAGE,
  };
  const stacks = createStacks(new App({ context }), readConfig(values, {}));
  const templates = [stacks.network, stacks.data, stacks.swarm, stacks.pipeline].map(
    (stack) => Template.fromStack(stack).toJSON() as TemplateJson,
  );
  const resolve = resolver(templates);
  const policies = new Map<string, NamedPolicy[]>();
  const add = (role: string, name: string, document: unknown) =>
    policies.set(role, [...(policies.get(role) ?? []), { name, policy: resolve(document) }]);
  for (const [logicalId, { Type, Properties }] of templates.flatMap(({ Resources }) => Object.entries(Resources))) {
    if (Type === 'AWS::IAM::Policy')
      for (const role of Properties.Roles) add(resolve(role), Properties.PolicyName, Properties.PolicyDocument);
    if (Type === 'AWS::IAM::Role')
      for (const { PolicyName, PolicyDocument } of Properties.Policies ?? [])
        add(logicalId, PolicyName, PolicyDocument);
  }
  const idsOf = (type: string): string[] =>
    templates.flatMap(({ Resources }) =>
      Object.entries(Resources).flatMap(([id, resource]) => (resource.Type === type ? [physicalId(id, resource)] : [])),
    );
  /** The first role whose logical id begins so, whatever the case. */
  const role = (prefix: string): string => {
    const found = [...policies.keys()].find((name) => name.toLowerCase().startsWith(prefix.toLowerCase()));
    if (found === undefined) throw new Error(`no role begins with ${prefix}: ${[...policies.keys()].join(', ')}`);
    return found;
  };
  return { policies, idsOf, role };
}
