import { chooseVolume, type Circumstances, type FoundVolume } from '../../../lib/constructs/kept-volume-choice';

const wanted = { stage: 'prod', slot: 'worker-1', availabilityZone: 'eu-west-1a', sizeGiB: 20 };
const volume = (changes: Partial<FoundVolume> = {}): FoundVolume => ({
  id: 'vol-1',
  availabilityZone: 'eu-west-1a',
  sizeGiB: 20,
  state: 'available',
  encrypted: true,
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
    'vol-1, the volume of worker-1 in stage prod, is gone or has lost its tags; give them to the one that takes its ' +
      'place, or begin with an empty one, and deploy again: aws ec2 create-volume --availability-zone eu-west-1a --size 20 ' +
      "--volume-type gp3 --encrypted --tag-specifications 'ResourceType=volume,Tags=[{Key=metals:stage,Value=prod}," +
      "{Key=metals:slot,Value=worker-1}]'",
  );
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
    'EC2 says that it is in state error: its hardware has failed; restore it from a snapshot, or begin with an empty ' +
      'volume: aws ec2 delete-volume --volume-id vol-1',
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
