import { shortImages } from '../../../lib/cli/short-images';

const IMAGE = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/assets';

test.each([
  [`it has ${IMAGE}@sha256:${'0123456789abcdef'.repeat(4)}`, 'it has assets@01234567'],
  [
    `${IMAGE}:by-hand@sha256:0123456789abcdef -> ${IMAGE}@sha256:fedcba9876…`,
    'assets:by-hand@01234567 -> assets@fedcba98…',
  ],
  [
    `000000000000.dkr.ecr.eu-west-1.amazonaws.com/cdk-hnb659fds-container-assets-000000000000-eu-west-1@sha256:${'0123456789abcdef'.repeat(4)}`,
    'assets@01234567',
  ],
  ['nothing of that kind / at all', 'nothing of that kind / at all'],
])('%s', (text, short) => expect(shortImages(text)).toBe(short));
