/** AWS::IAM::InstanceProfile: ministack's own answers the ARN for `Ref`, AWS the name. */
import { ignoreNotFound } from '../errors';
import { generatedName } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue } from '../front-door/xml';
import type { Properties, ResourceHandler } from '../types';

const MAX_NAME_LENGTH = 128;

export function instanceProfileResource(upstream: Upstream): ResourceHandler {
  const call = (action: string, InstanceProfileName: string, more: Record<string, string> = {}) =>
    upstream.query('iam', action, { InstanceProfileName, ...more });
  const roles = ({ Roles }: Properties): string[] => Roles ?? [];
  const removeRoles = async (name: string, names: readonly string[]) => {
    for (const RoleName of names) await ignoreNotFound(call('RemoveRoleFromInstanceProfile', name, { RoleName }));
  };
  const addRoles = async (name: string, names: readonly string[]) => {
    for (const RoleName of names) await call('AddRoleToInstanceProfile', name, { RoleName });
  };
  return {
    type: 'AWS::IAM::InstanceProfile',
    replaceOn: ['InstanceProfileName', 'Path'],
    async create(properties, context) {
      const name: string = properties.InstanceProfileName ?? generatedName(context, MAX_NAME_LENGTH);
      const created = await call('CreateInstanceProfile', name, { Path: properties.Path ?? '/' });
      await addRoles(name, roles(properties));
      return { physicalId: name, attributes: { Arn: requiredXmlValue(created, 'Arn') } };
    },
    async update(physicalId, properties, old) {
      const wanted = roles(properties);
      const had = roles(old);
      await removeRoles(
        physicalId,
        had.filter((role) => !wanted.includes(role)),
      );
      await addRoles(
        physicalId,
        wanted.filter((role) => !had.includes(role)),
      );
      const found = await call('GetInstanceProfile', physicalId);
      return { physicalId, attributes: { Arn: requiredXmlValue(found, 'Arn') } };
    },
    async delete(physicalId, properties) {
      await removeRoles(physicalId, roles(properties));
      await ignoreNotFound(call('DeleteInstanceProfile', physicalId));
    },
  };
}
