/** Tags of EC2 things: set to what the template says, removed when the template drops them. */
import { tagList } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';

export async function setTags(upstream: Upstream, resourceId: string, tags: unknown, old?: unknown): Promise<void> {
  const wanted = tagList(tags);
  const dropped = tagList(old).filter(({ Key }) => !wanted.some((tag) => tag.Key === Key));
  if (dropped.length > 0)
    await upstream.query('ec2', 'DeleteTags', { ResourceId: [resourceId], Tag: dropped.map(({ Key }) => ({ Key })) });
  if (wanted.length > 0) await upstream.query('ec2', 'CreateTags', { ResourceId: [resourceId], Tag: wanted });
}
