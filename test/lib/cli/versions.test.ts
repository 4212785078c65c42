/** Which versions there were, and which is meant. */
import type { Command } from '@aws-sdk/client-ssm';
import { chooseVersion, versionName, versionsOf } from '../../../lib/cli/versions';

/** As CloudFormation sends stack-deploy, shortened. */
const sent = (minute: number, bundle: string, over: Partial<Command> = {}, images = 'edge=r:1'): Command => ({
  DocumentName: 'metals-lab-stack-deploy',
  Comment: 'CloudFormation Update of Runstackdeploy',
  Status: 'Success',
  RequestedDateTime: new Date(Date.UTC(2026, 10, 29, 10, minute)),
  Parameters: { BundleSha256: [bundle], Images: [images] },
  ...over,
});

const name = (bundle: string, images = 'edge=r:1'): string => versionName({ BundleSha256: bundle, Images: images });

const CREATED = new Date(Date.UTC(2026, 10, 29, 9));

/** What is chosen, as the letter of its bundle. */
function chosen(commands: Command[], deployed: string, wanted?: string, isRolledBack = false) {
  const choice = chooseVersion(versionsOf(commands, 'lab', CREATED), name(deployed), isRolledBack, wanted);
  return 'to' in choice ? choice.to.parameters.BundleSha256 : choice.refusal;
}

/** Those that could be named, by their letters. */
function named(commands: Command[], deployed: string, isRolledBack = false): string[] {
  const choice = chooseVersion(versionsOf(commands, 'lab', CREATED), name(deployed), isRolledBack);
  if ('to' in choice) throw new Error('one was chosen');
  return choice.others.map((other) => ['a', 'b', 'c', 'd'].find((letter) => name(letter) === other.name) ?? '?');
}

test('a name stands for a bundle and images', () => {
  expect(name('a')).toMatch(/^[0-9a-f]{12}$/);
  expect(new Set([name('a'), name('b'), name('a', 'edge=r:2')]).size).toBe(3);
});

describe('the version before', () => {
  test('is the newest other one that has converged, whatever order Systems Manager names them in', () => {
    expect(chosen([sent(2, 'c'), sent(0, 'a'), sent(1, 'b')], 'c')).toBe('b');
    expect(chosen([sent(0, 'a'), sent(1, 'b'), sent(2, 'b'), sent(3, 'b')], 'b')).toBe('a');
  });

  test('is none that failed, was cancelled, or is under way', () => {
    const others = (['Failed', 'Cancelled', 'InProgress', 'TimedOut'] as const).map((Status, index) =>
      sent(index + 1, `x${index}`, { Status }),
    );
    expect(chosen([sent(0, 'a'), ...others, sent(9, 'b')], 'b')).toBe('a');
  });

  test('is none that metals has sent: that is the version which is deployed already', () => {
    expect(chosen([sent(0, 'a'), sent(1, 'x', { Comment: 'metals stack-deploy' }), sent(2, 'b')], 'b')).toBe('a');
  });

  test('with the same bundle and other images is another one', () => {
    expect(chosen([sent(0, 'a', {}, 'edge=r:0'), sent(1, 'a')], 'a')).toBe('a');
  });

  test('after a deployment that failed, which CloudFormation took back, is the one before that', () => {
    expect(chosen([sent(0, 'a'), sent(1, 'b'), sent(2, 'c', { Status: 'Failed' }), sent(3, 'b')], 'b')).toBe('a');
  });

  test('is none of a stage that was destroyed', () => {
    const old = sent(0, 'a', { RequestedDateTime: new Date(CREATED.getTime() - 1) });
    expect(chosen([old, sent(2, 'b')], 'b')).toMatch('no other version has converged');
  });

  test('is none that was deployed later: what is deployed may have converged before it', () => {
    expect(chosen([sent(0, 'a'), sent(1, 'b'), sent(2, 'c')], 'b')).toBe('a');
    expect(chosen([sent(1, 'b'), sent(2, 'c')], 'b')).toMatch(`no version from before ${name('b')} is known`);
    expect(named([sent(1, 'b'), sent(2, 'c')], 'b')).toEqual(['c']);
  });

  test('is not known where what is deployed is older than what Systems Manager keeps', () => {
    expect(chosen([sent(0, 'a')], 'older')).toMatch(`no version from before ${name('older')} is known`);
    expect(named([sent(0, 'a')], 'older')).toEqual(['a']);
  });

  test('is not clear where it was deployed twice, as CloudFormation does that takes back a later one: older ones are named first', () => {
    const back = [sent(0, 'a'), sent(1, 'b'), sent(2, 'c'), sent(3, 'b')];
    expect(chosen(back, 'b')).toMatch('deployed more than once, with another one in between');
    expect(named(back, 'b')).toEqual(['a', 'c']);
  });

  test('is not the one that was left: the same command again does not go forth and back, however long ago that was', () => {
    const commands = [sent(1, 'b'), sent(2, 'a')];
    expect(chosen(commands, 'a')).toBe('b');
    expect(chosen(commands, 'a', undefined, true)).toBe(
      `version ${name('a')} is an earlier one already, deployed by metals rollback`,
    );
  });
});

describe('a version by its name', () => {
  const commands = [sent(0, 'a'), sent(1, 'b'), sent(2, 'c'), sent(3, 'b')];

  test('is any that has converged, the one that was left, too', () => {
    expect(chosen(commands, 'b', name('a').slice(0, 6))).toBe('a');
    expect(chosen(commands, 'b', name('c'), true)).toBe('c');
  });

  test.each([
    [name('b'), 'is what is deployed'],
    ['ffff', 'no version ffff has converged in the last 30 days'],
  ])('%s is refused', (wanted, why) => {
    expect(chosen(commands, 'b', wanted)).toMatch(why);
  });

  test('is refused where several begin so', () => {
    const many = Array.from({ length: 40 }, (_, index) => sent(index, `bundle-${index}`));
    const names = many.map((_, index) => name(`bundle-${index}`));
    // Of forty names, two begin with the same character.
    const first = names.map((each) => each[0]!).find((start, index, all) => all.indexOf(start) !== index)!;
    expect(chosen(many, 'other', first)).toMatch(/^\d+ versions begin with /);
  });
});
