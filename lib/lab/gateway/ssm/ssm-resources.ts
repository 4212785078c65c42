/** AWS::SSM::Document and AWS::SSM::Association. */
import { AwsError } from '../errors';
import { generatedName, tagList } from '../cloudformation/resource';
import { targetsOf } from './association-views';
import type { AssociationInput } from './association-records';
import type { Associations } from './associations';
import type { Documents } from './documents';
import type { Properties, ResourceHandler } from '../types';

export function documentResource(documents: Documents): ResourceHandler {
  return {
    type: 'AWS::SSM::Document',
    replaceOn: ['Name', 'DocumentType'],

    async create(properties, context) {
      const name = properties.Name ?? generatedName(context, 128);
      documents.create({ ...documentInput(properties), Name: name });
      return { physicalId: name };
    },

    async update(name, properties, old) {
      documents.setTags(name, tagList(properties.Tags));
      if (JSON.stringify(properties.Content) === JSON.stringify(old.Content)) return { physicalId: name };
      if (properties.UpdateMethod !== 'NewVersion') {
        throw new AwsError(
          'DocumentAlreadyExists',
          `Document with same name ${name} already exists: without UpdateMethod: NewVersion a named document cannot change`,
        );
      }
      try {
        documents.addVersion({ ...documentInput(properties), Name: name });
      } catch (error) {
        // A rollback to content that is the latest already.
        if (!(error instanceof AwsError && error.code === 'DuplicateDocumentContent')) throw error;
      }
      documents.setDefaultVersion(name, documents.get(name).versions.length);
      return { physicalId: name };
    },

    async delete(name) {
      if (documents.has(name)) documents.delete(name);
    },
  };
}

const documentInput = (properties: Properties) => ({
  Content: properties.Content,
  DocumentType: properties.DocumentType,
  DocumentFormat: properties.DocumentFormat,
  Tags: tagList(properties.Tags),
});

export function associationResource(associations: Associations): ResourceHandler {
  return {
    type: 'AWS::SSM::Association',
    replaceOn: ['Name', 'InstanceId'],

    async create(properties) {
      const { id } = associations.create(associationInput(properties));
      try {
        await applyAndWait(associations, id, properties);
      } catch (error) {
        associations.delete(id);
        throw error;
      }
      return { physicalId: id, attributes: { AssociationId: id } };
    },

    async update(id, properties) {
      associations.update(id, associationInput(properties));
      await applyAndWait(associations, id, properties);
      return { physicalId: id, attributes: { AssociationId: id } };
    },

    async delete(id) {
      associations.delete(id);
    },
  };
}

/** What is the association's own, without what is about the deployment alone. */
function associationInput(properties: Properties): AssociationInput {
  const notOwn = ['WaitForSuccessTimeoutSeconds', 'Tags'];
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => !notOwn.includes(name)),
  ) as unknown as AssociationInput;
}

/** Waits only where the template asks for it; then everything but success fails at once. */
async function applyAndWait(associations: Associations, id: string, properties: Properties): Promise<void> {
  const seconds = Number(properties.WaitForSuccessTimeoutSeconds ?? 0);
  if (!seconds) return associations.applyLater(id, 'created or changed');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), seconds * 1000);
  });
  const result = await Promise.race([associations.apply(id), late]).finally(() => clearTimeout(timer));
  const name = properties.AssociationName ?? id;
  if (result === 'late') throw new Error(`association ${name} did not reach Success within ${seconds} s`);
  const failed = Object.entries(result).filter(([, { status }]) => status !== 'Success');
  if (failed.length > 0) {
    const where = failed.map(([node, run]) => `${node} ${run.statusDetails} (command ${run.commandId})`).join(', ');
    const targets = JSON.stringify(targetsOf(associationInput(properties)));
    throw new Error(`association ${name} (${properties.Name}) on ${targets} failed: ${where}`);
  }
}
