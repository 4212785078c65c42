import { RULES } from '../../lib/config-rules';
import { OPTION_SETS, VALUES_ONLY } from '../../scripts/option-sets';
import { synthesise } from '../lib/stacks/synthesise';

/** Logical ids and types of every stack. */
const shape = (settings: Record<string, string>): string[] =>
  Object.entries(synthesise(settings)).flatMap(([id, template]) =>
    Object.entries(template.toJSON().Resources as Record<string, { readonly Type: string }>).map(
      ([name, { Type }]) => `${id} ${name} ${Type}`,
    ),
  );

it('has a template linted for every setting, unless the setting changes values alone', () => {
  const linted = Object.values(OPTION_SETS).flatMap((set) => Object.keys(set));
  expect(
    Object.keys(RULES)
      .filter((key) => !linted.includes(key))
      .sort(),
  ).toEqual([...VALUES_ONLY].sort());
});

it('calls no setting one of values that adds, removes or renames a resource', () => {
  const others = {
    dataVolumeGiB: '40',
    overlayEncryption: 'off',
    kafkaSlot: 'manager-1',
    mongodbSlot: 'worker-1',
    feedEventsPerSecond: '7',
    priceRetentionDays: '31',
    secretVersions: 'abc',
    dataVolumes: 'abc',
  };
  expect(VALUES_ONLY).toEqual(expect.arrayContaining(Object.keys(others)));
  expect(shape(others)).toEqual(shape({}));
});
