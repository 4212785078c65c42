import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { ami, amiNotes } from '../../../lib/cli/commands/ami';
import { readContext } from '../../../lib/cli/context';
import * as pins from '../../../lib/machine-images';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

jest.mock('../../../lib/machine-images', () => ({
  ...jest.requireActual<typeof pins>('../../../lib/machine-images'),
  readPinnedImages: jest.fn(),
  pinImage: jest.fn(),
}));

const [ssm, ec2] = [mockClient(SSMClient), mockClient(EC2Client)] as const;
const NAME = 'al2023-ami-2023.9.20251027.0-kernel-6.1-x86_64';
const NEWEST = 'ami-0123456789abcdef0';
const OLDER = {
  imageId: 'ami-00000000000000001',
  name: NAME.replace('1027', '0901'),
  readAt: '2025-09-02',
};
const pinned = jest.mocked(pins.readPinnedImages);
const written = jest.mocked(pins.pinImage);

beforeEach(() => {
  ssm.reset();
  ec2.reset();
  ssm.on(GetParameterCommand).resolves({ Parameter: { Value: NEWEST } });
  ec2.on(DescribeImagesCommand).resolves({ Images: [{ Name: NAME, CreationDate: '2025-10-27T00:00:00.000Z' }] });
  pinned.mockReset().mockReturnValue({});
  written.mockReset();
});

async function run(options: object = {}, global: object = {}, env: NodeJS.ProcessEnv = { AWS_REGION: 'eu-west-1' }) {
  const io = fakeIo(env);
  const context = readContext({ color: true, ...global }, io, new AbortController().signal);
  return { code: await ami(context, options), io };
}

test('shows the pinned and the newest image, and writes nothing', async () => {
  pinned.mockReturnValue({ 'eu-west-1': OLDER });
  const { code, io } = await run();
  expect(code).toBe(0);
  expect(io.out()).toMatch(/pinned\s+eu-west-1\s+ami-00000000000000001\s.*read 2025-09-02/);
  expect(io.out()).toMatch(/newest\s+eu-west-1\s+ami-0123456789abcdef0\s.*made 2025-10-27/);
  expect(written).not.toHaveBeenCalled();
  expect(ssm.commandCalls(GetParameterCommand)[0]!.args[0].input.Name).toContain('kernel-6.1');
});

test('--update pins the newest and says what is replaced', async () => {
  pinned.mockReturnValue({ 'eu-west-1': OLDER });
  const { io } = await run({ update: true });
  expect(written).toHaveBeenCalledWith('eu-west-1', {
    imageId: NEWEST,
    name: NAME,
    readAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
  });
  expect(io.err()).toContain('replaces the instance of every slot, one slot after the other');
  expect(io.err()).toContain('commit it');
});

test('--update with the newest pinned writes nothing', async () => {
  pinned.mockReturnValue({ 'eu-west-1': { ...OLDER, imageId: NEWEST } });
  const { io } = await run({ update: true }, { json: true });
  expect(written).not.toHaveBeenCalled();
  expect(parseBySchema('ami', io.out())).toMatchObject({ region: 'eu-west-1', updated: false });
});

test('the first pin replaces nothing, and does not say so', () => {
  expect(amiNotes('eu-west-1', undefined, false, true).join()).not.toContain('replaces');
});

test('an image that EC2 does not describe is not pinned', async () => {
  ec2.on(DescribeImagesCommand).resolves({ Images: [] });
  await expect(run({ update: true })).rejects.toMatchObject({ why: expect.stringContaining(NEWEST) });
  expect(written).not.toHaveBeenCalled();
});

test('the lab has no machine image', async () => {
  await expect(run({}, {}, LAB_ENV)).rejects.toMatchObject({ exitCode: 2 });
  expect(ssm.calls()).toHaveLength(0);
});
