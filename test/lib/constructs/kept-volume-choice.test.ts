import {
  beginsEmpty,
  chooseVolume,
  type Circumstances,
  type FoundVolume,
  type WantedVolume,
} from '../../../lib/constructs/kept-volume-choice';

const wanted: WantedVolume = {
  stage: 'prod',
  slot: 'worker-1',
  availabilityZone: 'eu-west-1a',
  sizeGiB: 20,
  holds: [],
};
const volume = (changes: Partial<FoundVolume> = {}): FoundVolume => ({
  id: 'vol-1',
  availabilityZone: 'eu-west-1a',
  sizeGiB: 20,
  state: 'available',
  encrypted: true,
  fromSnapshot: false,
  createdAt: '2026-11-01T00:00:00.000Z',
  ...changes,
});
const NEW: Circumstances = { currentId: undefined, rollsBack: false };
const choose = (found: readonly FoundVolume[], circumstances: Partial<Circumstances> = {}) =>
  chooseVolume(found, wanted, { ...NEW, ...circumstances });

it('is none where there is none yet', () => {
  expect(choose([])).toBeUndefined();
});

it.each([{}, { state: 'in-use' }, { state: 'creating' }, { sizeGiB: 10 }])(
  'is the one that is there: %j',
  (changes) => {
    expect(choose([volume(changes)])).toEqual(volume(changes));
  },
);

it('is nobody’s guess where there are two', () => {
  const other = volume({ id: 'vol-2', sizeGiB: 30, state: 'in-use', createdAt: '2026-11-02T00:00:00.000Z' });
  expect(() => choose([volume(), other])).toThrow(
    '2 volumes are tagged as the one of worker-1 in stage prod: vol-1 (20 GiB, available, made 2026-11-01T00:00:00.000Z), ' +
      'vol-2 (30 GiB, in-use, made 2026-11-02T00:00:00.000Z); take the tag from each that is not to be used, and deploy ' +
      'again: aws ec2 delete-tags --resources VOLUME --tags Key=metals:slot',
  );
});

it('is the one that the stack has, whatever is beside it', () => {
  expect(choose([volume(), volume({ id: 'vol-2' })], { currentId: 'vol-2' })?.id).toBe('vol-2');
});

it('is another one, once that has taken the tags over', () => {
  expect(choose([volume({ id: 'vol-2' })], { currentId: 'vol-1' })?.id).toBe('vol-2');
});

it('is never a silent, empty one instead of the one that the stack has had', () => {
  expect(() => choose([], { currentId: 'vol-1' })).toThrow(
    'vol-1, the volume of worker-1 in stage prod, is gone or has lost its tags; give its tags to the one that takes its ' +
      'place, from a snapshot (docs/nodes.md, Snapshots), or begin with an empty one, and deploy again: ' +
      'aws ec2 create-volume --availability-zone eu-west-1a --size 20 ' +
      "--volume-type gp3 --encrypted --tag-specifications 'ResourceType=volume,Tags=[{Key=metals:stage,Value=prod}," +
      "{Key=metals:slot,Value=worker-1}]'",
  );
});

it.each([
  ['kafka', "; Kafka's data was on it, accepted events that are not stored yet included; give"],
  [
    'mongodb',
    "; MongoDB's data was on it, the stored prices, whose events Kafka still has for some time: deployed again, read them again with ./bin/metals rewind --all; give",
  ],
  ['swarm', 'deploy again: aws ssm delete-parameter --name /metals/prod/swarm/claim; aws ec2 create-volume'],
])('says what was on the one that is gone: %s', (data, text) => {
  expect(() => chooseVolume([], { ...wanted, holds: [data] }, { ...NEW, currentId: 'vol-1' })).toThrow(text);
});

describe('a Swarm on this volume alone', () => {
  const swarm = { ...wanted, slot: 'manager-1', holds: ['swarm'] };
  const replaced: Circumstances = { ...NEW, currentId: 'vol-0' };
  it.each([
    ['begins empty where there is none', undefined, NEW, true],
    ['begins empty on another one than before', volume(), replaced, true],
    ['is on one that comes from a snapshot', volume({ fromSnapshot: true }), replaced, false],
    ['is on the one that it had', volume(), { ...NEW, currentId: 'vol-1' }, false],
    ['is on one that a new stack finds', volume(), NEW, false],
    ['is not judged while a deployment rolls back', volume(), { ...replaced, rollsBack: true }, false],
  ])('%s', (_title, kept, circumstances, expected) => {
    expect(beginsEmpty(kept, swarm, circumstances)).toBe(expected);
  });

  it('is on others, too, where there are several managers', () => {
    expect(beginsEmpty(undefined, { ...swarm, holds: [] }, NEW)).toBe(false);
  });
});

it.each([
  [
    { availabilityZone: 'eu-west-1b' },
    'it is in eu-west-1b, and the slot is to be in eu-west-1a: a volume cannot move; set availabilityZones as they were, ' +
      'or leave the data behind: aws ec2 delete-tags --resources vol-1 --tags Key=metals:slot',
  ],
  [
    { encrypted: false },
    'it is not encrypted; leave it behind, or make an encrypted copy: ' +
      'aws ec2 delete-tags --resources vol-1 --tags Key=metals:slot',
  ],
  [{ sizeGiB: 30 }, 'it has 30 GiB, and 20 GiB are asked for: a volume cannot shrink; set dataVolumeGiB=30'],
  [
    { state: 'error' },
    'EC2 says that it is in state error: its hardware has failed; restore it from a snapshot (docs/nodes.md, ' +
      'Snapshots), or begin with an empty volume: aws ec2 delete-volume --volume-id vol-1',
  ],
])('is refused with %j, and the way out is named', (changes, message) => {
  expect(() => choose([volume(changes)])).toThrow(
    new Error(`vol-1 holds the data of worker-1 in stage prod, but ${message}`),
  );
});

it('may stay larger where a failed update is rolled back', () => {
  const grown = volume({ sizeGiB: 30 });
  expect(choose([grown], { currentId: 'vol-1', rollsBack: true })).toEqual(grown);
});
