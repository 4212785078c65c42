import { chooseStage, stageOfCdk } from '../../lib/stage';

test.each([
  ['what was typed', { typed: 'blue', env: 'green', file: 'red' }, { stage: 'blue', from: '--stage' }],
  ['METALS_STAGE', { env: 'green', file: 'red' }, { stage: 'green', from: 'METALS_STAGE' }],
  ['cdk.json', { env: '', file: 'red' }, { stage: 'red', from: 'stage in cdk.json' }],
  ['nothing', { env: '' }, undefined],
])('the stage of metals comes from %s', (_, given, expected) => expect(chooseStage(given)).toEqual(expected));

describe('the stage of cdk, which hands over what was typed and what is in cdk.json as one', () => {
  test.each([
    ['what was typed', { merged: 'blue', env: 'green', file: 'red', isLab: false }, 'blue'],
    ['what was typed, without a file', { merged: 'blue', env: 'green', isLab: false }, 'blue'],
    ['METALS_STAGE', { env: 'green', isLab: false }, 'green'],
    ['METALS_STAGE before cdk.json, in the lab', { merged: 'red', env: 'green', file: 'red', isLab: true }, 'green'],
    ['both, which agree', { merged: 'red', env: 'red', file: 'red', isLab: false }, 'red'],
    ['cdk.json', { merged: 'red', env: '', file: 'red', isLab: false }, 'red'],
    ['nothing', { isLab: false }, undefined],
  ])('comes from %s', (_, given, expected) => expect(stageOfCdk(given)).toBe(expected));

  test('is not guessed on AWS where cdk.json may have been meant as well', () => {
    expect(() => stageOfCdk({ merged: 'red', env: 'green', file: 'red', isLab: false })).toThrow(
      'stage: METALS_STAGE is "green", but the stage of cdk.json, which may have been typed, too, is "red"; ' +
        'for red: unset METALS_STAGE; for green: add -c stage=green',
    );
  });

  test('is refused by the name of its variable', () => {
    expect(() => stageOfCdk({ env: 'Bad_1', isLab: false })).toThrow(
      'METALS_STAGE: got "Bad_1", expected up to 16 lowercase letters, digits and hyphens, a letter first',
    );
  });
});
