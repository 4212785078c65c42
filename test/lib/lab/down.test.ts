import { imagesToRemove } from '../../../lib/lab/down';

const lines = (...images: string[]): string => `${images.join('\n')}\n`;

test('the lab’s own images and bases go', () => {
  expect(
    imagesToRemove(
      lines('metals-lab/aws:1 sha256:1', 'metals-lab/base-kafka:4.3.1 sha256:2', 'debian:trixie sha256:3'),
    ),
  ).toEqual(['metals-lab/aws:1', 'metals-lab/base-kafka:4.3.1']);
});

test('an image that cdk pushed into the lab goes with its other tag', () => {
  const pushed = '127.0.0.1:4566/cdk-hnb659fds-container-assets-000000000000-eu-west-1:abc';
  expect(imagesToRemove(lines(`${pushed} sha256:1`, 'cdkasset-abc:latest sha256:1'))).toEqual([
    pushed,
    'cdkasset-abc:latest',
  ]);
});

test('images of other projects and accounts stay', () => {
  const others = [
    'cdkasset-other:latest sha256:9',
    '127.0.0.1:5000/mine:1 sha256:8',
    '111122223333.dkr.ecr.eu-west-1.amazonaws.com/cdk-hnb659fds-container-assets-111122223333-eu-west-1:x sha256:7',
    'someone/metals-lab/aws:1 sha256:6',
    '<none>:<none> sha256:5',
  ];
  expect(imagesToRemove(lines(...others))).toEqual([]);
  expect(imagesToRemove('')).toEqual([]);
});
